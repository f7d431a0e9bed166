import { randomBytes } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import { EmbeddedPostgresError } from './fault.ts'
import { type Account, lastLine, run } from './run.ts'

/**
 * Writes a file (mode 0600) in a folder that belongs to `account`, or to us where there is none. As root we act as that
 * user: following links that another of its programs has made, root could be led anywhere.
 */
export async function writeAs(account: Account | undefined, path: string, text: string): Promise<void> {
  // A name of its own: of two starts that wrote the same one, the first would take it away from the second.
  const draft = `${path}.${randomBytes(4).toString('hex')}.draft`
  if (!account) {
    await writeFile(draft, text, { mode: 0o600 })
    await rename(draft, path)
    return
  }
  const script = 'umask 077 && cat > "$2" && mv -f "$2" "$1"'
  const ran = await run({ program: '/bin/sh', args: ['-c', script, 'sh', path, draft], account, input: text })
  if (ran.ok) return
  const what = `the user ${account.name} could not write ${path} (${lastLine(ran.said)})`
  throw new EmbeddedPostgresError('embedded/no-place', what, 'see that the disk has room, or set DATABASE_URL')
}

/** Removes a file or a folder and all in it, as the user whose folder it is. */
export async function removeAs(account: Account | undefined, path: string): Promise<void> {
  if (account) await run({ program: 'rm', args: ['-rf', '--', path], account })
  else await rm(path, { recursive: true, force: true, maxRetries: 3 })
}
