import { pause } from './pause.ts'
import type { QueueConnection } from './queue.ts'
import { openSaid } from './said.ts'

export type QueueEvent = { kind: 'queue_lost'; error: unknown } | { kind: 'queue_found' }

type QueueWatchDeps = { connection: Pick<QueueConnection, 'takesWork'>; observe: (event: QueueEvent) => void }

export type QueueWatch = {
  /** Asks, again and again until the signal aborts, whether the queue takes work. */
  run(): Promise<void>
  /** What a connection to the queue has failed with: why, should there be no answer. */
  heed(error: unknown): void
}

/** Milliseconds between an answer and the next question. */
const interval = 2_000

/** Milliseconds without an answer after which the queue counts as lost. A connection that is back before is no loss. */
const patience = 4_000

/**
 * Says when the queue refuses work or is lost, once for each code, and when it is back. BullMQ's workers do not tell: they pass
 * over a connection that is gone in silence, and repeat a refusal many times a second.
 */
export function watchQueue({ connection, observe }: QueueWatchDeps, signal: AbortSignal): QueueWatch {
  const said = openSaid()
  let isLost = false
  let failure: unknown
  const lose = (error: unknown) => {
    if (signal.aborted) return
    isLost = true
    if (said.isNew('queue', error)) observe({ kind: 'queue_lost', error })
  }
  const found = () => {
    failure = undefined
    isLost = false
    if (said.forget('queue')) observe({ kind: 'queue_found' })
  }
  return {
    heed(error) {
      failure = error
      if (isLost) lose(error)
    },
    async run() {
      while (!signal.aborted) {
        const answer = connection.takesWork()
        if (!(await isSettled(answer, signal, patience))) {
          lose(failure ?? silent())
          await isSettled(answer, signal)
        }
        if (signal.aborted) return
        await answer.then(found, lose)
        await pause(interval, signal)
      }
    },
  }
}

/**
 * Resolves when the work has settled, or without it after so many milliseconds or when the signal aborts, and leaves nothing
 * behind on it. A process that stood still reads first what came meanwhile.
 */
function isSettled(work: Promise<unknown>, signal: AbortSignal, milliseconds?: number): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (settled: boolean) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      resolve(settled)
    }
    const stop = () => end(false)
    const late = () => void setImmediate(stop)
    const timer = milliseconds === undefined ? undefined : setTimeout(late, milliseconds)
    signal.addEventListener('abort', stop)
    work.then(
      () => end(true),
      () => end(true),
    )
  })
}

function silent(): Error {
  return Object.assign(new Error('the queue does not answer in time'), { code: 'ETIMEDOUT' })
}
