import { randomBytes } from 'node:crypto'
import { chmod, chown, link, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { makeFolder } from '../make-folder.ts'
import { codeOf, EmbeddedPostgresError } from './fault.ts'

/** `.data/embedded.json`: what has to outlive a run. `home` is null while all lies in the data folder itself. */
const State = z.object({
  format: z.literal(1),
  password: z.string().min(1),
  port: z.number().int().min(1).max(65535).nullable(),
  home: z.object({ path: z.string(), dataRoot: z.string() }).nullable(),
})
export type State = z.infer<typeof State>

/**
 * `.data/instance.json`: the running instance, for the other commands. `pid` is the process that owns it. In a copied
 * checkout `dataRoot` tells that the instance is the original's.
 */
const Instance = z.object({
  url: z.string(),
  port: z.number().int(),
  pid: z.number().int(),
  dataRoot: z.string(),
  dataDir: z.string(),
  startedAt: z.iso.datetime(),
})
export type Instance = z.infer<typeof Instance>

const statePath = (dataRoot: string) => join(dataRoot, 'embedded.json')
const instancePath = (dataRoot: string) => join(dataRoot, 'instance.json')

/** Creates the data folder where it is missing and returns its true path. Throws `embedded/not-permitted`. */
export async function prepareDataRoot(dataRoot: string): Promise<string> {
  try {
    const path = resolve(dataRoot)
    const created = await makeFolder(path, 0o700)
    const real = await realpath(path)
    if (created !== undefined) await giveToOwnerOf(dirname(real), real)
    // PostgreSQL's user, who is another one than root, has to pass through.
    if (process.getuid?.() === 0) await chmod(real, (await stat(real)).mode | 0o011)
    return real
  } catch (error) {
    throw notPermitted(dataRoot, error)
  }
}

/**
 * Reads the state, or creates it with a random password. Two processes that do so at once end with the same one.
 * Throws `embedded/not-permitted`, `embedded/damaged-state`.
 */
export async function readOrCreateState(dataRoot: string): Promise<State> {
  const path = statePath(dataRoot)
  const fresh: State = { format: 1, password: randomBytes(24).toString('base64url'), port: null, home: null }
  try {
    const found = await readJson(path)
    if (found === undefined) await writeJson(path, fresh, link)
    return State.parse(found ?? (await readJson(path)))
  } catch (error) {
    if (codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM' || codeOf(error) === 'EROFS') {
      throw notPermitted(dataRoot, error)
    }
    if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error
    throw damagedState(dataRoot, 'embedded.json in the data folder is not what mentor-expiry wrote', error)
  }
}

/** Replaces the state in one step. */
export async function writeState(dataRoot: string, state: State): Promise<void> {
  await writeJson(statePath(dataRoot), state, rename)
}

/** Of several first starts at once all get the home that the first of them chose. */
export async function claimHome(dataRoot: string, home: string): Promise<string> {
  const path = join(dataRoot, 'home.json')
  await writeJson(path, home, link)
  return z.string().parse(await readJson(path))
}

/**
 * The instance that was last announced, or undefined: it may be long dead. Throws `embedded/not-permitted` where the
 * file belongs to another user.
 */
export async function readInstance(dataRoot: string): Promise<Instance | undefined> {
  try {
    const parsed = Instance.safeParse(await readJson(instancePath(dataRoot)))
    return parsed.success ? parsed.data : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw notPermitted(dataRoot, error)
  }
}

/** Announces a running instance, readable by its user only. */
export async function announceInstance(dataRoot: string, instance: Instance): Promise<void> {
  await writeJson(instancePath(dataRoot), instance, rename)
}

/** Takes the announcement back, if it is this process's own. */
export async function withdrawInstance(dataRoot: string): Promise<void> {
  const announced = await readInstance(dataRoot)
  if (announced?.pid === process.pid) await rm(instancePath(dataRoot), { force: true })
}

/** What root creates in a folder of somebody else is that user's: they start mentor-expiry without sudo next time. */
export async function giveToOwnerOf(folder: string, path: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = await stat(folder)
  await chown(path, uid, gid)
}

/** The fault of a state that cannot be used; the remedy starts afresh. */
export function damagedState(dataRoot: string, what: string, cause?: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'embedded/damaged-state',
    what,
    `move ${dataRoot} away to start with an empty database`,
    cause,
  )
}

function notPermitted(dataRoot: string, cause: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'embedded/not-permitted',
    `${dataRoot} or a file in it cannot be used by this user (${codeOf(cause) ?? 'unknown'})`,
    'start mentor-expiry as the user who created it, or in a folder of your own',
    cause,
  )
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** `publish` puts the finished file in place: `rename` replaces what is there, `link` leaves it. */
async function writeJson(path: string, value: unknown, publish: typeof rename | typeof link): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await writeFile(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
    await chmod(draft, 0o600)
    await giveToOwnerOf(dirname(path), draft)
    await publish(draft, path)
  } catch (error) {
    if (publish !== link || codeOf(error) !== 'EEXIST') throw error
  } finally {
    await rm(draft, { force: true })
  }
}
