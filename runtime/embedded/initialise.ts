import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Binaries } from './binaries.ts'
import { draftName } from './drafts.ts'
import { codeOf, EmbeddedPostgresError } from './fault.ts'
import { removeAs, writeAs } from './files.ts'
import { type Account, lastLine, run } from './run.ts'
import { hostBasedAuthentication, settingsFile } from './settings.ts'

/**
 * The major version that wrote a data directory, or undefined where there is none. A directory of this name is
 * complete: `initialise` gives it its name last.
 */
export async function majorOf(dataDir: string): Promise<string | undefined> {
  try {
    return (await readFile(join(dataDir, 'PG_VERSION'), 'utf8')).trim()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Makes an empty cluster, UTF-8, with the superuser `postgres`, as `<cluster>/data`. False if another start has put
 * its own there meanwhile. Throws `embedded/initialise-failed`.
 */
export async function initialise(
  {
    cluster,
    binaries,
    account,
    password,
  }: {
    cluster: string
    binaries: Binaries
    account: Account | undefined
    password: string
  },
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const draft = join(cluster, draftName())
  const passwordFile = join(cluster, draftName())
  try {
    await writeAs(account, passwordFile, `${password}\n`)
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
    const access = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
    const args = [`--pgdata=${draft}`, ...locale, ...access, '--no-instructions']
    const made = await run({ program: binaries.initdb, args, account }, signal)
    if (!made.ok) throw failed(made.said)
    await writeAs(account, join(draft, 'pg_hba.conf'), hostBasedAuthentication)
    await includeSettings(draft, account)
    await rename(draft, join(cluster, 'data'))
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    await removeAs(account, passwordFile)
    await removeAs(account, draft)
  }
}

async function includeSettings(draft: string, account: Account | undefined): Promise<void> {
  const path = join(draft, 'postgresql.conf')
  await writeAs(account, path, `${await readFile(path, 'utf8')}\ninclude '${settingsFile}'\n`)
}

function failed(said: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'embedded/initialise-failed',
    `PostgreSQL could not create its data directory (${lastLine(said)})`,
    'remove that cause and start again, or set DATABASE_URL',
  )
}
