import type { Delivery } from '../../contracts/delivery.ts'
import type { ChannelReport, DeliveryResult, DeliveryVerdict } from '../../contracts/delivery-result.ts'
import type { ReminderJob } from '../../contracts/reminder-job.ts'
import { growingPause, pause } from '../../runtime/pause.ts'
import { recordEarly } from './early-record.ts'
import type { Observe } from './events.ts'
import type { Begun, ReminderLog } from './log.ts'
import type { PauseNotificationService } from './pause-notification-service.ts'

export type DeliverDeps = {
  log: Pick<ReminderLog, 'begin' | 'recordAccepted' | 'finish'>
  notifications: PauseNotificationService
  /** Seconds, as begun with: after that the answer is worth nothing any more. */
  lease: number
  observe: Observe
}

/**
 * What became of a job. `nothing` was done where its row is not to be sent, or not yet; `again` is for what stood in the way
 * before anything was sent.
 */
export type Outcome =
  | { kind: 'done' }
  | { kind: 'nothing' }
  | { kind: 'failed'; reason: string }
  | { kind: 'again'; because: 'locked' | 'outage' | 'stopping' }

/** Milliseconds that a job keeps its place after a begin that failed, so that jobs don't spin while the database is away. */
const outage = 1_000

/**
 * Carries out one job: waits until a channel works, begins, sends, finishes. Begin comes right before the wire, so that
 * the facts are fresh and the lease covers the send alone. `stopping` ends the waiting, `giveUp` the sending as well.
 */
export async function deliver(
  deps: DeliverDeps,
  job: ReminderJob,
  signals: { stopping: AbortSignal; giveUp: AbortSignal },
): Promise<Outcome> {
  const { notifications, observe } = deps
  try {
    await notifications.ready(signals.stopping)
  } catch {
    return { kind: 'again', because: 'stopping' } // another worker takes the job
  }
  const begun = await begin(deps, job, signals.stopping)
  switch (begun?.verdict) {
    case undefined:
      return { kind: 'again', because: 'outage' }
    case 'locked': // somebody holds the row, and its place is better given to another job meanwhile
      return { kind: 'again', because: 'locked' }
    case 'stale':
    case 'superseded':
      observe({ kind: 'skipped', id: job.id, why: begun.verdict })
      return { kind: 'nothing' }
    case 'put_off': // it is claimed again when its organisation's sending hours begin
      observe({ kind: 'put_off', id: job.id, code: 'sending_hours' })
      return { kind: 'nothing' }
    case 'no_recipient':
      observe({ kind: 'failed', id: job.id, reason: begun.verdict })
      return { kind: 'failed', reason: begun.verdict }
    case 'begun':
      return send(deps, begun.delivery, signals.giveUp)
  }
}

async function begin(deps: DeliverDeps, job: ReminderJob, stopping: AbortSignal): Promise<Begun | undefined> {
  try {
    return await deps.log.begin(job)
  } catch (error) {
    deps.observe({ kind: 'begin_failed', id: job.id, error })
    await pause(outage, stopping)
    return undefined
  }
}

async function send(deps: DeliverDeps, delivery: Delivery, giveUp: AbortSignal): Promise<Outcome> {
  const begunAt = performance.now()
  const channels = await handOver(deps, delivery, giveUp)
  const { id, generation, attempt } = delivery
  const verdict = await finish(deps, { id, generation, attempt, channels }, begunAt + deps.lease * 1_000, giveUp)
  if (!verdict) return { kind: 'done' } // the lease runs out, and the rescue records the attempt as uncertain
  return report(deps.observe, verdict, delivery, channels.find((channel) => channel.kind !== 'accepted')?.code ?? '')
}

async function handOver(deps: DeliverDeps, delivery: Delivery, giveUp: AbortSignal): Promise<ChannelReport[]> {
  const { notifications } = deps
  if (notifications.channels.length === 1) return notifications.notify(delivery, () => undefined, giveUp)
  await using early = recordEarly(deps, delivery)
  return await notifications.notify(delivery, early.heard, giveUp)
}

/**
 * Repeats a finish that the database could not take, or not yet. An accepted message is handed in for as long as it takes:
 * after the lease it still counts as late, and without it the message would go out again. Any other answer is stale once
 * the rescue has the row.
 */
async function finish(
  deps: DeliverDeps,
  result: DeliveryResult,
  until: number,
  giveUp: AbortSignal,
): Promise<DeliveryVerdict | undefined> {
  const pauses = growingPause({ base: 100, cap: 1_000 })
  const accepted = result.channels.some((channel) => channel.kind === 'accepted')
  for (;;) {
    try {
      const verdict = await deps.log.finish(result)
      if (verdict.verdict !== 'locked') return verdict
    } catch (error) {
      deps.observe({ kind: 'finish_failed', id: result.id, error })
    }
    const milliseconds = pauses.next()
    if (giveUp.aborted || (!accepted && performance.now() + milliseconds > until)) return undefined
    await pause(milliseconds, giveUp)
  }
}

function report(observe: Observe, verdict: DeliveryVerdict, { thresholdDay }: Delivery, code: string): Outcome {
  const { id, attempt } = verdict
  if (verdict.verdict === 'stale') {
    observe({ kind: 'result_stale', id, attempt })
    return { kind: 'done' }
  }
  switch (verdict.status) {
    case 'sent':
      observe({
        kind: 'sent',
        id,
        thresholdDay,
        attempt,
        lateSeconds: verdict.late_seconds,
        late: verdict.verdict === 'late',
      })
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
