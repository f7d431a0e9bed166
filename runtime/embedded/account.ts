import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { EmbeddedPostgresError } from './fault.ts'
import { type Account, run } from './run.ts'

/**
 * Whom PostgreSQL, which refuses to run as root, runs as: the owner of the data that exist already, the owner of the
 * checkout, the user behind sudo, `postgres`, `nobody`; the first that is not root and exists. Undefined where we are
 * not root: then it runs as ourselves. Throws `embedded/no-user`.
 */
export async function chooseAccount(
  { dataRoot, cluster, sudoUid }: { dataRoot: string; cluster: string; sudoUid: string | undefined },
  signal: AbortSignal | undefined,
): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const owners = [await ownerOf(cluster), await ownerOf(dirname(dataRoot)), Number(sudoUid ?? 0)]
  const names = owners.filter((uid) => Number.isInteger(uid) && uid > 0).map(String)
  for (const who of [...names, 'postgres', 'nobody']) {
    const account = await lookUp(who, signal)
    if (account && account.uid !== 0) return account
  }
  throw new EmbeddedPostgresError(
    'embedded/no-user',
    'PostgreSQL refuses to run as root, and neither postgres nor nobody is a user of this machine',
    'start mentor-expiry as an ordinary user, or set DATABASE_URL',
  )
}

/** initdb insists on a user that the system's user database knows, hence `id` and not the bare number. */
async function lookUp(who: string, signal: AbortSignal | undefined): Promise<Account | undefined> {
  const answers = await Promise.all(
    ['-un', '-u', '-g'].map((flag) => run({ program: 'id', args: [flag, '--', who] }, signal)),
  )
  if (!answers.every((answer) => answer.ok)) return undefined
  const [name = '', uid, gid] = answers.map((answer) => answer.said.trim())
  return { name, uid: Number(uid), gid: Number(gid) }
}

/** What is not there, or cannot be looked at, has no owner to follow. */
async function ownerOf(path: string): Promise<number> {
  return await stat(path).then(
    (found) => found.uid,
    () => 0,
  )
}
