import { DelayedError, type Job, UnrecoverableError, type Worker } from 'bullmq'
import { ReminderJob, reminderQueue } from '../../contracts/reminder-job.ts'
import type { QueueConnection } from '../../runtime/queue.ts'
import type { Outcome } from './deliver.ts'

export type WorkerDeps = {
  connection: QueueConnection
  deliver: (job: ReminderJob) => Promise<Outcome>
  onError: (error: unknown) => void
}

/** Milliseconds after which a job is tried again that something stood in the way of before anything was sent. */
const firstPause = 2_000

/** The longest, where somebody holds the row: urgent jobs that can't begin must leave room for the others. */
const longestPause = 30_000

/**
 * Milliseconds. A worker whose connection broke in the middle of a fetch, or that died, leaves jobs behind that only the end of
 * their lock frees. Short, because a job that runs twice does no harm: begin lets one of the two send.
 */
const lock = { lockDuration: 10_000, stalledInterval: 5_000 }

/**
 * A BullMQ worker on the queue of reminders. A job fails only when its row has: then with the reason's code, so that
 * Bull Board shows it. Trouble with infrastructure moves the job to delayed and never counts as an attempt.
 */
export function openWorker({ connection, deliver, onError }: WorkerDeps, concurrency: number): Worker {
  const processor = async (job: Job, token?: string): Promise<void> => {
    const parsed = ReminderJob.safeParse(job.data)
    if (!parsed.success) return // the sentinel, should anybody promote it: the next sweep puts a new one
    const outcome = await deliver(parsed.data)
    switch (outcome.kind) {
      case 'done':
        return
      case 'failed':
        throw new UnrecoverableError(outcome.reason)
      case 'again':
        await job.moveToDelayed(Date.now() + pauseBecause(outcome.because, job.attemptsStarted), token)
        throw new DelayedError()
    }
  }
  const settings = { concurrency, ...lock, runRetryDelay: 1_000, maxStalledCount: 10 }
  const worker = connection.openWorker(reminderQueue, processor, settings)
  worker.on('error', onError)
  return worker
}

function pauseBecause(reason: 'locked' | 'outage' | 'stopping', starts: number): number {
  return reason === 'locked' ? Math.min(longestPause, firstPause * 2 ** Math.max(0, starts - 1)) : firstPause
}
