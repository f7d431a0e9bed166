import { randomBytes, randomUUID } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { lstat, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { ignoreMissing, makeFolder, makeFolderSync } from '../make-folder.ts'
import { type Deadline, startDeadline } from './deadline.ts'

/** What is given so many milliseconds, and up at the signal. */
type Limits = { readonly limit: number; readonly signal: AbortSignal }

type Message = { folder: string; name: string; content: Buffer }

/**
 * Writes a message into the outbox, readable by its owner only; it is whole as soon as it has its name, and replaces one of
 * that name. Resolves with undefined, or a code: `outbox_enospc`, `outbox_eacces`, …, `timeout`, `aborted`.
 */
export function writeToOutbox(
  { folder, name, content }: Message,
  { limit, signal }: Limits,
): Promise<string | undefined> {
  return within(limit, signal, async (deadline) => {
    await makeFolder(folder, 0o700)
    await writeUnfinished({ folder, name, content }, deadline, (unfinished) =>
      rename(unfinished, path.join(folder, name)),
    )
  })
}

/** Bytes of a trial: more than a message has, so that a disk that takes it takes the next message. */
const trialLength = 32_768

/**
 * Writes what is longer than a message into the folder, or, as long as nobody has made that, into the one above in which it
 * would be made, and takes it away. Resolves as `writeToOutbox` does.
 */
export function probeOutbox(folder: string, { limit, signal }: Limits): Promise<string | undefined> {
  // Nothing that a disk could make smaller.
  const trial = { name: 'trial', content: randomBytes(trialLength) }
  return within(limit, signal, async (deadline) =>
    writeUnfinished({ ...trial, folder: await firstThatIs(folder) }, deadline, (unfinished) => rm(unfinished)),
  )
}

/** The folder, or the first above it, of which anything is there: a link to nowhere is in the way as a file is. */
async function firstThatIs(folder: string): Promise<string> {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    if (await lstat(at).catch(ignoreMissing)) return at
  }
}

/**
 * Makes the folder and tries to write in it. Returns undefined or the code of what refuses it for good; a full disk, or one
 * that is slow to come, is the channel's trouble and passes.
 */
export function tryOutbox(folder: string): string | undefined {
  const trial = path.join(folder, `.${randomUUID()}.tmp`)
  try {
    makeFolderSync(folder, 0o700)
    writeFileSync(trial, '', { flag: 'wx', mode: 0o600 })
    rmSync(trial)
    return undefined
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
    return typeof code === 'string' && lasting.has(code) ? code : undefined
  }
}

const lasting = new Set(['EACCES', 'EEXIST', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS'])

/** Writes a file under a name of its own, down to the disk, and lets `finish` have it; leaves nothing behind that is not finished. */
async function writeUnfinished(
  { folder, name, content }: Message,
  deadline: Deadline,
  finish: (unfinished: string) => Promise<void>,
): Promise<void> {
  const unfinished = path.join(folder, `.${name}.${randomUUID()}.tmp`)
  try {
    await writeFile(unfinished, content, { flag: 'wx', mode: 0o600, flush: true, signal: deadline.signal })
    await finish(unfinished)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
}

/** Runs `work` under a deadline; resolves with undefined or a code. A disk that hangs does not make the caller hang. */
async function within(
  limit: number,
  signal: AbortSignal,
  work: (deadline: Deadline) => Promise<void>,
): Promise<string | undefined> {
  using deadline = startDeadline(limit, signal)
  const cut = new Promise<void>((resolve) => {
    if (deadline.signal.aborted) resolve()
    deadline.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  const done = work(deadline).then(() => true)
  // A late fault of work that was given up on concerns nobody: the answer is out.
  done.catch(() => false)
  try {
    const finished = await Promise.race([done, cut])
    return finished ? undefined : (deadline.cause() ?? 'timeout')
  } catch (error) {
    return deadline.cause() ?? faultCode(error)
  }
}

function faultCode(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  if (typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) throw error
  return `outbox_${code.toLowerCase()}`
}
