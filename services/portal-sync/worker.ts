import { DelayedError, type Job, UnrecoverableError, type Worker } from 'bullmq'
import { PortalJob, portalQueue } from '../../contracts/portal-job.ts'
import type { QueueConnection } from '../../runtime/queue.ts'
import type { Outcome } from './sync.ts'

export type WorkerDeps = {
  connection: QueueConnection
  sync: (job: { mentorId: string; priority: number }) => Promise<Outcome>
  onError: (error: unknown) => void
}

/** Milliseconds after which a job is tried again that something stood in the way of before anything was begun. */
const again = 2_000

/** Milliseconds. Short, because a job that runs twice does no harm: begin lets one of the two push. */
const lock = { lockDuration: 10_000, stalledInterval: 5_000 }

/**
 * A BullMQ worker on the queue of mentors for the portal. A job fails only when its mentor is parked: then with the code of
 * why, so that Bull Board shows it. Trouble with infrastructure moves the job to delayed and never counts as an attempt.
 */
export function openWorker({ connection, sync, onError }: WorkerDeps, concurrency: number): Worker {
  const processor = async (job: Job, token?: string): Promise<void> => {
    const parsed = PortalJob.safeParse(job.data)
    if (!parsed.success) return // the sentinel, should anybody promote it: the next sweep puts a new one
    const outcome = await sync({ mentorId: parsed.data.mentorId, priority: job.priority })
    switch (outcome.kind) {
      case 'done':
        return
      case 'failed':
        throw new UnrecoverableError(outcome.reason)
      case 'again':
        await job.moveToDelayed(Date.now() + again, token)
        throw new DelayedError()
    }
  }
  const worker = connection.openWorker(portalQueue, processor, {
    concurrency,
    ...lock,
    runRetryDelay: 1_000,
    maxStalledCount: 10,
  })
  worker.on('error', onError)
  return worker
}
