import { setMaxListeners } from 'node:events'
import { DelayedError, type Job, UnrecoverableError } from 'bullmq'
import type { z } from 'zod'
import { atMost, pause } from './pause.ts'
import type { QueueConnection } from './queue.ts'

/**
 * What became of a job. `nothing`: there was nothing to do yet, and the job is removed, so that one of its id can be added
 * again. `failed`: its row has failed, and so does it, with the reason's code, so that Bull Board shows it. `again`: something
 * stood in the way before anything was begun; it is tried again after so many milliseconds.
 */
type JobOutcome =
  | { kind: 'done' }
  | { kind: 'nothing' }
  | { kind: 'failed'; reason: string }
  | { kind: 'again'; after: number }

export type QueueWork<Data> = {
  connection: QueueConnection
  queue: string
  /** The contract of a job's data; what is something else is nobody's. */
  contract: z.ZodType<Data>
  /** Carries out a job; `giveUp` aborts when what is under way must end. `starts` counts how often it was begun with. */
  carryOut: (data: Data, job: { priority: number; starts: number }, giveUp: AbortSignal) => Promise<JobOutcome>
  onError: (error: unknown) => void
  onReplaced: () => void
}

/**
 * Milliseconds. A worker whose connection broke in the middle of a fetch, or that died, leaves jobs behind that only the end of
 * their lock frees. Short, because a job that runs twice does no harm: begin lets one of the two act.
 */
const lock = { lockDuration: 10_000, stalledInterval: 5_000 }

/** Milliseconds that work under way gets to end by itself once it is told to stop. */
const grace = 8_000

/** Milliseconds that each further step of stopping gets: a server that is away or hangs would hold it up for ever. */
const patience = 3_000

/**
 * Works on the jobs of a queue, so many at once, until the signal aborts; resolves when what was under way has ended or was
 * given up. Trouble with infrastructure moves a job to delayed and never counts as an attempt of its.
 */
export async function workOnQueue<Data>(
  work: QueueWork<Data>,
  concurrency: number,
  signal: AbortSignal,
): Promise<void> {
  const { connection, queue, onError, onReplaced } = work
  const giveUp = new AbortController()
  // As many jobs as are under way wait on it: no leak, so no warning of one.
  setMaxListeners(0, giveUp.signal)
  const underWay = new Set<Promise<unknown>>()
  const processor = (job: Job, token?: string) => {
    const working = process(work, job, token, giveUp.signal)
    underWay.add(working)
    return working.finally(() => underWay.delete(working))
  }
  const open = () => {
    const worker = connection.openWorker(queue, processor, {
      concurrency,
      ...lock,
      runRetryDelay: 1_000,
      maxStalledCount: 10,
    })
    worker.on('error', onError)
    return worker
  }
  let worker = open()
  while (!signal.aborted) {
    await pause(2_000, signal)
    if (signal.aborted || worker.isRunning()) continue
    // BullMQ's loop ends for good on some errors of its connection.
    await atMost(patience, worker.close(true)).catch(onError)
    worker = open()
    onReplaced()
  }
  const closed = worker.close()
  await atMost(grace, Promise.allSettled(underWay))
  giveUp.abort()
  await atMost(patience, closed).catch(onError)
}

async function process<Data>(
  { contract, carryOut }: QueueWork<Data>,
  job: Job,
  token: string | undefined,
  giveUp: AbortSignal,
): Promise<void> {
  const parsed = contract.safeParse(job.data)
  if (!parsed.success) return // the sentinel, should anybody promote it: the next sweep puts a new one
  const outcome = await carryOut(parsed.data, { priority: job.priority, starts: job.attemptsStarted }, giveUp)
  switch (outcome.kind) {
    case 'done':
      return
    case 'nothing':
      job.opts.removeOnComplete = true
      return
    case 'failed':
      throw new UnrecoverableError(outcome.reason)
    case 'again':
      await job.moveToDelayed(Date.now() + outcome.after, token)
      throw new DelayedError()
  }
}
