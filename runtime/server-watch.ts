import type { Pool } from 'pg'
import { pause } from './pause.ts'
import type { QueueConnection } from './queue.ts'
import { openSaid } from './said.ts'

export type QueueEvent = { kind: 'queue_lost'; error: unknown } | { kind: 'queue_found' }
export type DatabaseEvent = { kind: 'database_lost'; error: unknown } | { kind: 'database_found' }

export type ServerWatch = {
  /** Asks, again and again until the signal aborts, whether the server works. */
  run(): Promise<void>
  /** What a connection to the server has failed with: why, should there be no answer. */
  heed(error: unknown): void
}

/** Milliseconds between an answer and the next question. */
const interval = 2_000

/** Milliseconds without an answer after which the server counts as lost. A connection that is back before is no loss. */
const patience = 4_000

/** Milliseconds between two attempts to get one answer. */
const betweenAttempts = 500

type QueueDeps = { connection: Pick<QueueConnection, 'takesWork'>; observe: (event: QueueEvent) => void }

/**
 * Says when the queue refuses work or is lost, once for each code, and when it is back. BullMQ's workers do not tell: they pass
 * over a connection that is gone in silence, and repeat a refusal many times a second.
 */
export function watchQueue({ connection, observe }: QueueDeps, signal: AbortSignal): ServerWatch {
  return watchServer(
    {
      ask: () => connection.takesWork(),
      onLost: (error) => observe({ kind: 'queue_lost', error }),
      onFound: () => observe({ kind: 'queue_found' }),
    },
    signal,
  )
}

type DatabaseDeps = { pool: Pool; observe: (event: DatabaseEvent) => void }

/**
 * Says when the database is lost, once for each code, and when it is back: a service without a job asks it nothing. Through the
 * service's own pool, because what counts is whether the work gets an answer.
 */
export function watchDatabase({ pool, observe }: DatabaseDeps, signal: AbortSignal): ServerWatch {
  return watchServer(
    {
      ask: () => pool.query('select'),
      onLost: (error) => observe({ kind: 'database_lost', error }),
      onFound: () => observe({ kind: 'database_found' }),
    },
    signal,
  )
}

type WatchDeps = {
  /** Resolves once the server works, however long that takes, and rejects with its refusal: it is asked again. */
  ask: () => Promise<unknown>
  onLost: (error: unknown) => void
  onFound: () => void
}

function watchServer({ ask, onLost, onFound }: WatchDeps, signal: AbortSignal): ServerWatch {
  const said = openSaid()
  let isLost = false
  let failure: unknown
  const lose = (error: unknown) => {
    if (signal.aborted) return
    isLost = true
    if (said.isNew('server', error)) onLost(error)
  }
  const heed = (error: unknown) => {
    failure = error
    if (isLost) lose(error)
  }
  const untilItWorks = async () => {
    while (!signal.aborted) {
      try {
        return await ask()
      } catch (error) {
        heed(error)
        await pause(betweenAttempts, signal)
      }
    }
  }
  return {
    heed,
    async run() {
      while (!signal.aborted) {
        const answer = untilItWorks()
        if (!(await isSettled(answer, signal, patience))) {
          lose(failure ?? silent())
          await isSettled(answer, signal)
        }
        if (signal.aborted) return
        failure = undefined
        isLost = false
        if (said.forget('server')) onFound()
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
  return Object.assign(new Error('the server does not answer in time'), { code: 'ETIMEDOUT' })
}
