import { execFileSync } from 'node:child_process'

/** The user that servers run as, in the words of `child_process`; empty means ourselves. */
export type Identity = { uid?: number; gid?: number }

/**
 * Who runs PostgreSQL, which refuses to run as root: ourselves, or when we are root the user `postgres`, else `nobody`.
 * @throws Error when we are root and there is neither.
 */
export function serverIdentity(): Identity {
  if (process.getuid?.() !== 0) return {}
  for (const user of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => idOf(flag, user))
    if (uid !== undefined && gid !== undefined) return { uid, gid }
  }
  throw new Error('PostgreSQL cannot run as root, and there is no user postgres or nobody to run it')
}

function idOf(flag: string, user: string): number | undefined {
  try {
    return Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  } catch (error) {
    // A status says that the user does not exist; anything else is a fault of this machine.
    if (error instanceof Error && 'status' in error && typeof error.status === 'number') return undefined
    throw error
  }
}
