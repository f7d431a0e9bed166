import { realpath } from 'node:fs/promises'
import { codeOf } from './fault.ts'
import { open } from './owner.ts'
import { readPostmaster } from './postmaster.ts'
import { readInstance } from './state.ts'

/**
 * The instance that runs in a data folder, for commands that do not own it; undefined where none answers, whatever the
 * folder still says. Throws `embedded/not-permitted` where the folder is another user's.
 */
export async function findRunningInstance(dataRoot: string): Promise<{ url: string } | undefined> {
  const instance = await readInstance(dataRoot)
  if (!instance || instance.dataRoot !== (await realpath(dataRoot))) return undefined
  const { url, port, dataDir } = instance
  // Asked first, so that the password never goes to whoever has the port after a crash.
  const postmaster = await readPostmaster(dataDir).catch((error: unknown) => {
    if (codeOf(error) === 'EACCES') return undefined
    throw error
  })
  if (postmaster?.state !== 'alive' || postmaster.port !== port) return undefined
  const client = await open(url, 3000)
  if ('refused' in client) return undefined
  await client.end()
  return { url }
}
