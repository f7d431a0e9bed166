import { randomUUID } from 'node:crypto'
import { DatabaseError, type Pool } from 'pg'
import { z } from 'zod'
import { Delivery } from '../../contracts/delivery.ts'
import { type DeliveryResult, DeliveryVerdict } from '../../contracts/delivery-result.ts'
import { type DeliveryRow, deliveryOf } from '../../contracts/delivery-row.ts'
import type { ReminderJob } from '../../contracts/reminder-job.ts'
import { batching } from './batch.ts'

const NotBegun = z.object({
  id: z.number(),
  generation: z.number(),
  verdict: z.enum(['stale', 'superseded', 'put_off', 'no_recipient', 'locked']),
})
export type Begun = z.infer<typeof NotBegun> | { id: number; generation: number; verdict: 'begun'; delivery: Delivery }

export type Retrying = { base: number; cap: number; for: number }

/** The notifier's side of `reminder_dispatch_log`: concurrent calls share one statement. */
export type ReminderLog = {
  /** Takes a reminder for sending under a lease, or says why not; `locked` where somebody holds the row: ask again. */
  begin(job: ReminderJob): Promise<Begun>
  /** Records what channels have accepted of an attempt that is under way; its finish records it where this could not. */
  recordAccepted(result: DeliveryResult): Promise<void>
  /** Records the channels' answers to one attempt; `locked` as in `begin`. */
  finish(result: DeliveryResult): Promise<DeliveryVerdict>
  /** Says that this process finds the channel out of order; after five minutes without repetition that no longer counts. */
  raiseAlert(channel: string, code: string): Promise<void>
  /** Says that the channel works for this process. False while others still report that it does not for them. */
  resolveAlert(channel: string): Promise<boolean>
  /** Resolves the alerts of channels that are not configured here and that nobody reports. False while others still do. */
  resolveForeignAlerts(): Promise<boolean>
}

type Row = { id: number; generation: number }

const largestBatch = 200
const alertKey = (channel: string) => `channel_out_of_order:${channel}`

/** `lease` in seconds; `retrying` in seconds: base and cap of the pause, and for how long transient answers are put up with. */
export function openReminderLog(
  deps: { pool: Pool },
  options: { channels: string[]; lease: number; retrying: Retrying },
): ReminderLog {
  const { pool } = deps
  const { channels, lease, retrying } = options
  // A process's own, so that its alerts can be told from those of a predecessor.
  const reporter = randomUUID()
  const shared = { isAboutItem, most: largestBatch }
  const begin = batching({
    ...shared,
    run: async (jobs: ReminderJob[]) => {
      const { rows } = await pool.query<DeliveryRow>(
        `select id, generation, verdict, attempt, mentor_key, kind, urgency, threshold_day, key_date, expiry_date, days_left,
                due_at, organisation_slug, organisation_name, organisation_locale, mentor_id, mentor_ref, mentor_name,
                mentor_url, mentor_status, status_since, paused_until, recipient_kind, recipient_name, recipient_email,
                recipient_locale, escalation_email, accepted_channels, refused_channels
           from expiry.begin_reminder_delivery($1, $2, $3, $4)`,
        [jobs.map((job) => job.id), jobs.map((job) => job.generation), channels, Math.ceil(lease)],
      )
      return inOrder(jobs, rows)
    },
  })
  const finish = batching({
    ...shared,
    run: async (results: DeliveryResult[]) => {
      const { rows } = await pool.query<Row>(
        `select id, generation, attempt, verdict, status, status_reason, late_seconds
           from expiry.finish_reminder_delivery($1, $2, $3, $4)`,
        [JSON.stringify(results), Math.ceil(retrying.base), Math.ceil(retrying.cap), Math.ceil(retrying.for)],
      )
      return inOrder(results, rows)
    },
  })
  const recordAccepted = batching({
    ...shared,
    run: async (results: DeliveryResult[]) => {
      await pool.query('select from expiry.record_acceptances($1)', [JSON.stringify(results)])
      return results.map(() => true)
    },
  })
  return {
    // Parsed one by one: the batch is committed, and a row that makes no sense must not cost the others their answer.
    begin: async (job) => begunOf(await begin(job)),
    recordAccepted: async (result) => void (await recordAccepted(result)),
    finish: async (result) => DeliveryVerdict.parse(await finish(result)),
    async raiseAlert(channel, code) {
      await pool.query(
        `with me as materialized (select pg_catalog.set_config('expiry.reporter', $1, true))
         select expiry.raise_alert('channel_out_of_order', 'critical', $2, $3) from me`,
        [reporter, alertKey(channel), { channel, code }],
      )
    },
    async resolveAlert(channel) {
      const { rows } = await pool.query<{ resolved: boolean | null }>(
        `with me as materialized (select pg_catalog.set_config('expiry.reporter', $1, true))
         select expiry.resolve_alert($2) as resolved from me`,
        [reporter, alertKey(channel)],
      )
      return rows[0]?.resolved !== null
    },
    async resolveForeignAlerts() {
      const { rows } = await pool.query<{ resolved: boolean | null }>(
        `with me as materialized (select pg_catalog.set_config('expiry.reporter', $1, true))
         select expiry.resolve_alert(a.dedupe_key) as resolved
           from me, expiry.operations_alerts as a
          where a.kind = 'channel_out_of_order' and a.resolved_at is null and a.dedupe_key <> all ($2)`,
        [reporter, channels.map(alertKey)],
      )
      return rows.every(({ resolved }) => resolved !== null)
    },
  }
}

function begunOf(row: DeliveryRow): Begun {
  const { id, generation, verdict } = row
  return verdict === 'begun'
    ? { id, generation, verdict, delivery: Delivery.parse(deliveryOf(row)) }
    : NotBegun.parse({ id, generation, verdict })
}

/**
 * SQL answers in any order; a batch must answer in the order of its items. A job may stand twice in a batch, after its
 * queue was wiped and filled again: then each takes one answer, for only one of the two may send.
 */
function inOrder<Answer extends Row>(asked: Row[], answers: Answer[]): (Answer | undefined)[] {
  const key = ({ id, generation }: Row) => `${id}-${generation}`
  const byKey = new Map<string, Answer[]>()
  for (const answer of answers) byKey.set(key(answer), [...(byKey.get(key(answer)) ?? []), answer])
  return asked.map((item) => byKey.get(key(item))?.shift())
}

/** PostgreSQL's own errors, but for those of its resources, its operators and its disk, are about what it was given. */
function isAboutItem(error: unknown): boolean {
  return error instanceof DatabaseError && !/^(08|53|57|58)/.test(error.code ?? '08')
}
