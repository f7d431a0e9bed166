import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { access, constants, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { ChannelAnswer, Delivery } from '../../../contracts/delivery.ts'
import type { Channel } from './channel.ts'
import { type Composer, composeMessage, encodeMessage } from './compose-message.ts'
import { type Deadline, startDeadline } from './deadline.ts'

/**
 * E-mail into a folder: one `.eml` file a reminder, readable by its owner only, named after the row so that a repeated
 * delivery replaces the file. A file is whole as soon as it has its name. What the disk refuses (`outbox_enospc`,
 * `outbox_eacces`, …) is the channel's fault, never the message's. `deadline` is in milliseconds.
 */
export function createOutboxChannel(
  deps: { folder: string; composer: Composer },
  { deadline: limit = 60_000 }: { deadline?: number } = {},
): Channel {
  return {
    name: 'email',
    deliver: async (delivery, signal): Promise<ChannelAnswer> => {
      const composed = composeMessage(deps.composer, delivery)
      if (composed.kind === 'refused') return { kind: 'rejected', code: composed.code }
      const content = await encodeMessage(composed.message, new Date())
      const fault = await within(limit, signal, (deadline) => write(deps.folder, fileName(delivery), content, deadline))
      if (fault !== undefined) return { kind: 'out_of_order', code: fault }
      return { kind: 'accepted', code: 'outbox', messageId: composed.message.messageId }
    },
    probe: (signal) =>
      within(limit, signal, async () => {
        await mkdir(deps.folder, { recursive: true, mode: 0o700 })
        await access(deps.folder, constants.W_OK | constants.X_OK)
      }),
    [Symbol.asyncDispose]: async () => {},
  }
}

/**
 * Makes the folder and tries to write in it. Returns undefined or the code of what refuses it for good; a full disk, or one
 * that is slow to come, is the channel's trouble and passes.
 */
export function tryOutbox(folder: string): string | undefined {
  const trial = path.join(folder, `.${randomUUID()}.tmp`)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(trial, '', { flag: 'wx', mode: 0o600 })
    rmSync(trial)
    return undefined
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
    return typeof code === 'string' && lasting.has(code) ? code : undefined
  }
}

const lasting = new Set(['EACCES', 'EEXIST', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS'])

// Ids rise with time, so a listing by name is a listing by age; the rest of the row's key helps whoever looks for one.
function fileName(delivery: Delivery): string {
  const id = String(delivery.id).padStart(10, '0')
  return `${id}-${delivery.expiryDate}-${delivery.kind}-${delivery.thresholdDay}-days.eml`
}

async function write(folder: string, name: string, content: Buffer, deadline: Deadline): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const unfinished = path.join(folder, `.${name}.${randomUUID()}.tmp`)
  try {
    await writeFile(unfinished, content, { flag: 'wx', mode: 0o600, flush: true, signal: deadline.signal })
    await rename(unfinished, path.join(folder, name))
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
