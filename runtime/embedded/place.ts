import { createHash, randomBytes } from 'node:crypto'
import { chmod, chown, lstat, mkdir, readdir, rename, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeFolder } from '../make-folder.ts'
import { codeOf, EmbeddedPostgresError } from './fault.ts'
import { type Account, run } from './run.ts'
import { claimHome, giveToOwnerOf, type State, writeState } from './state.ts'

/**
 * `home` is ours and holds `cluster`, which belongs to PostgreSQL's user alone, and copies of the binaries where they
 * are needed. Root never writes inside `cluster`: another program of that user could put a symbolic link in its way.
 */
export type Place = { home: string; cluster: string }

/** The home that a state stands for: a recorded one, as long as this is still the folder that it was recorded for. */
export async function recordedPlace(dataRoot: string, state: State): Promise<Place & { recorded: boolean }> {
  const { home } = state
  // A copied checkout carries the record of the original, whose data are not its own; a moved one keeps them.
  if (home !== null && (home.dataRoot === dataRoot || !(await exists(join(home.dataRoot, 'embedded.json'))))) {
    return { ...placeIn(home.path), recorded: true }
  }
  return { ...placeIn(join(dataRoot, 'postgres')), recorded: false }
}

/**
 * Finds or creates the place of the data: in the data folder where PostgreSQL's user can work there, otherwise below
 * the first of `bases` that it can use, remembered in the state. Throws `embedded/no-place`.
 */
export async function findPlace(
  {
    dataRoot,
    state,
    account,
    bases,
    say,
  }: {
    dataRoot: string
    state: State
    account: Account | undefined
    bases: readonly string[]
    say: (line: string) => void
  },
  signal: AbortSignal | undefined,
): Promise<{ place: Place; state: State }> {
  const { recorded, ...place } = await recordedPlace(dataRoot, state)
  if (await makeUsable(place, account, signal)) {
    if (recorded && state.home?.dataRoot !== dataRoot) {
      const moved: State = { ...state, home: { path: place.home, dataRoot } }
      await writeState(dataRoot, moved)
      return { place, state: moved }
    }
    return { place, state }
  }
  const who = account ? `the user ${account.name}, whom PostgreSQL runs as,` : 'PostgreSQL'
  // Data that exist stay where they are: an empty database elsewhere would look like their loss.
  if (recorded || (await exists(join(place.cluster, 'data')))) {
    throw new EmbeddedPostgresError(
      'embedded/no-place',
      `${who} cannot enter its data in ${place.home}`,
      'give that folder and the folders above it their old permissions back, or set DATABASE_URL',
    )
  }
  const hash = createHash('sha256').update(dataRoot).digest('hex').slice(0, 12)
  for (const base of bases) {
    const candidate = placeIn(join(base, `${hash}-${randomBytes(3).toString('hex')}`))
    if (!(await makeBase(base)) || !(await makeUsable(candidate, account, signal))) continue
    const place = placeIn(await claimHome(dataRoot, candidate.home))
    if (place.home !== candidate.home) {
      await rmdir(candidate.cluster)
      await rmdir(candidate.home)
      if (!(await makeUsable(place, account, signal))) continue
    }
    const placed: State = { ...state, home: { path: place.home, dataRoot } }
    await writeState(dataRoot, placed)
    say(`${who} cannot work below ${dirname(dataRoot)}; its data are in ${place.home}`)
    const others = (await readdir(base)).filter((name) => name.startsWith(hash) && !place.home.endsWith(name))
    if (others.length > 0) say(`data of an earlier folder of this name are left in ${base}: ${others.join(', ')}`)
    return { place, state: placed }
  }
  throw new EmbeddedPostgresError(
    'embedded/no-place',
    `${who} can use neither ${dataRoot} nor ${bases.join(' nor ')}`,
    'clone into a folder that every user may enter, or set DATABASE_URL',
  )
}

/** Where the data go when they cannot lie in the data folder. The second is a folder for everybody, hence the number. */
export function defaultBases(): string[] {
  return process.platform === 'win32' ? [] : ['/var/lib/mentor-expiry', `/var/tmp/mentor-expiry-${process.getuid?.()}`]
}

/** Whether a path survives the shell through which PostgreSQL's programs start one another. */
export function survivesShell(path: string): boolean {
  return process.platform === 'win32' || !/["'$`\\\n\r]/.test(path)
}

const placeIn = (home: string): Place => ({ home, cluster: join(home, 'cluster') })

/** The folder appears under its name only when it is ready: another start may be doing the same. */
async function makeUsable({ home, cluster }: Place, account: Account | undefined, signal: AbortSignal | undefined) {
  if (!survivesShell(cluster)) return false
  if (await exists(cluster)) return await accepts(cluster, account, signal)
  const draft = `${cluster}.${randomBytes(3).toString('hex')}`
  try {
    if (await makeFolder(home, 0o777)) {
      await chmod(home, account ? 0o711 : 0o700)
      await giveToOwnerOf(dirname(home), home)
    }
    await mkdir(draft)
    await chmod(draft, 0o700)
    if (account) await chown(draft, account.uid, account.gid)
    if (await accepts(draft, account, signal)) {
      await rename(draft, cluster)
      return true
    }
    await rmdir(draft)
    await rmdir(home)
  } catch (error) {
    const code = codeOf(error) ?? ''
    if (code === 'ENOTEMPTY' || code === 'EEXIST') {
      await rmdir(draft)
      return await accepts(cluster, account, signal)
    }
    if (!['EACCES', 'EPERM', 'EROFS', 'ENOTDIR'].includes(code)) throw error
  }
  return false
}

/** Asks the kernel by trying, as that user: modes alone know nothing of access lists and mounts. */
async function accepts(cluster: string, account: Account | undefined, signal: AbortSignal | undefined) {
  const found = await lstat(cluster)
  if (!found.isDirectory()) return false
  if (process.platform === 'win32') return true
  // Some mounts accept chmod and ignore it; PostgreSQL refuses such a data directory.
  if (found.uid !== (account?.uid ?? process.getuid?.()) || (found.mode & 0o777) !== 0o700) return false
  const tried = await run({ program: '/bin/sh', args: ['-c', 'cd "$1" && test -w .', 'sh', cluster], account }, signal)
  return tried.ok
}

/** A base in a folder for everybody counts only if it is ours: somebody may have put a trap under its name. */
async function makeBase(base: string): Promise<boolean> {
  try {
    await makeFolder(base, 0o755)
    const found = await lstat(base)
    return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0
  } catch (error) {
    if (codeOf(error) === 'EACCES' || codeOf(error) === 'EROFS' || codeOf(error) === 'EEXIST') return false
    throw error
  }
}

async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    (error: unknown) => codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR',
  )
}
