import type { Pool } from 'pg'
import type { ReminderJob } from '../../contracts/reminder-job.ts'
import { batchSize } from './claim.ts'
import type { Observe } from './events.ts'
import type { ReminderQueue, ReminderToQueue } from './reminder-queue.ts'

export type AuditDeps = { pool: Pool; queue: ReminderQueue; auditAfter: number; observe: Observe }

/** Where the audit goes on at its next turn: an id, after which queued reminders are looked up. */
export type AuditCursor = { after: number }

/**
 * Tells lost jobs from slow ones. A queue without its sentinel was wiped: every queued reminder is added again, under the
 * same id, and the sentinel last, so that a failure in between is repeated. Otherwise at most a thousand reminders
 * that have been queued for long are looked up; one whose job is missing or finished becomes pending again.
 */
export async function auditQueue(deps: AuditDeps, cursor: AuditCursor): Promise<void> {
  if (await refillIfWiped(deps)) return
  const queued = await queuedReminders(deps.pool, cursor.after, deps.auditAfter)
  cursor.after = queued.length === batchSize ? (queued.at(-1)?.id ?? 0) : 0
  const lost = await deps.queue.findLost(queued)
  if (lost.length === 0) return
  const count = await requeueLost(deps.pool, lost)
  if (count > 0) deps.observe({ kind: 'jobs_lost', count })
}

/** The first half of the audit, which also precedes the first use of a queue: a new one is no wiped one. */
export async function refillIfWiped(deps: Omit<AuditDeps, 'auditAfter'>): Promise<boolean> {
  if (await deps.queue.hasSentinel()) return false
  const count = await addAllAgain(deps)
  await deps.queue.addSentinel()
  if (count > 0) deps.observe({ kind: 'queue_wiped', count })
  return true
}

async function addAllAgain(deps: Pick<AuditDeps, 'pool' | 'queue'>): Promise<number> {
  let count = 0
  for (let after = 0, size = batchSize; size === batchSize; ) {
    const queued = await queuedReminders(deps.pool, after, 0)
    if (queued.length > 0) await deps.queue.add(queued)
    count += queued.length
    size = queued.length
    after = queued.at(-1)?.id ?? 0
  }
  return count
}

async function queuedReminders(pool: Pool, after: number, forSeconds: number): Promise<ReminderToQueue[]> {
  const { rows } = await pool.query<{ id: number; generation: number; threshold_day: number }>(
    'select id, generation, threshold_day from expiry.queued_reminders($1, $2, $3)',
    [after, batchSize, forSeconds],
  )
  return rows.map((row) => ({ id: row.id, generation: row.generation, thresholdDay: row.threshold_day }))
}

async function requeueLost(pool: Pool, lost: ReminderJob[]): Promise<number> {
  const { rows } = await pool.query<{ count: number }>('select expiry.requeue_lost_reminders($1, $2) as count', [
    lost.map((job) => job.id),
    lost.map((job) => job.generation),
  ])
  return rows[0]?.count ?? 0
}
