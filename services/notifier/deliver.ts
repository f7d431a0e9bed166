import type { Delivery } from '../../contracts/delivery.ts'
import type { DeliveryResult, DeliveryVerdict } from '../../contracts/delivery-result.ts'
import type { ReminderJob } from '../../contracts/reminder-job.ts'
import { growingPause, pause } from '../../runtime/pause.ts'
import type { Observe } from './events.ts'
import type { ReminderLog } from './log.ts'
import type { PauseNotificationService } from './pause-notification-service.ts'

export type DeliverDeps = {
  log: Pick<ReminderLog, 'begin' | 'finish'>
  notifications: PauseNotificationService
  /** Seconds, as begun with: after that the answer is worth nothing any more. */
  lease: number
  observe: Observe
}

/** What became of a job. `again` is for infrastructure that failed before anything was sent. */
export type Outcome = { kind: 'done' } | { kind: 'failed'; reason: string } | { kind: 'again' }

/**
 * Carries out one job: waits until the channels work, begins, sends, finishes. Begin comes right before the wire, so that
 * the facts are fresh and the lease covers the send alone. `stopping` ends the waiting, `giveUp` the sending as well.
 */
export async function deliver(
  deps: DeliverDeps,
  job: ReminderJob,
  signals: { stopping: AbortSignal; giveUp: AbortSignal },
): Promise<Outcome> {
  const { log, notifications, observe } = deps
  try {
    await notifications.ready(signals.stopping)
  } catch {
    return { kind: 'again' } // stopping: another worker takes the job
  }
  const begun = await log.begin(job).catch((error: unknown) => {
    observe({ kind: 'begin_failed', id: job.id, error })
    return undefined
  })
  switch (begun?.verdict) {
    case undefined:
      return { kind: 'again' }
    case 'stale':
    case 'superseded':
      observe({ kind: 'skipped', id: job.id, why: begun.verdict })
      return { kind: 'done' }
    case 'no_recipient':
      observe({ kind: 'failed', id: job.id, reason: begun.verdict })
      return { kind: 'failed', reason: begun.verdict }
    case 'begun':
      return send(deps, begun.delivery, signals.giveUp)
  }
}

async function send(deps: DeliverDeps, delivery: Delivery, giveUp: AbortSignal): Promise<Outcome> {
  const begunAt = performance.now()
  const channels = await deps.notifications.notify(delivery, giveUp)
  const { id, generation, attempt } = delivery
  const verdict = await finish(deps, { id, generation, attempt, channels }, begunAt + deps.lease * 1_000, giveUp)
  if (!verdict) return { kind: 'done' } // the lease runs out, and the rescue records the attempt as uncertain
  return report(deps.observe, verdict, channels.find((channel) => channel.kind !== 'accepted')?.code ?? '')
}

/** Repeats a finish that the database could not take, until the lease is over: then the answer would be stale. */
async function finish(
  deps: DeliverDeps,
  result: DeliveryResult,
  until: number,
  giveUp: AbortSignal,
): Promise<DeliveryVerdict | undefined> {
  const pauses = growingPause({ base: 100, cap: 5_000 })
  for (;;) {
    try {
      return await deps.log.finish(result)
    } catch (error) {
      deps.observe({ kind: 'finish_failed', id: result.id, error })
      const milliseconds = pauses.next()
      if (giveUp.aborted || performance.now() + milliseconds > until) return undefined
      await pause(milliseconds, giveUp)
    }
  }
}

function report(observe: Observe, verdict: DeliveryVerdict, code: string): Outcome {
  const { id, attempt } = verdict
  if (verdict.verdict === 'stale') {
    observe({ kind: 'result_stale', id, attempt })
    return { kind: 'done' }
  }
  switch (verdict.status) {
    case 'sent':
      observe({ kind: 'sent', id, attempt, lateSeconds: verdict.late_seconds, late: verdict.verdict === 'late' })
      return { kind: 'done' }
    case 'failed': {
      const reason = verdict.status_reason ?? 'rejected'
      observe({ kind: 'failed', id, reason })
      return { kind: 'failed', reason }
    }
    case 'pending':
    case null:
      observe({ kind: 'put_off', id, code })
      return { kind: 'done' }
  }
}
