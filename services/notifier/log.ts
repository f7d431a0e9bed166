import type { Pool } from 'pg'
import { z } from 'zod'
import { Delivery } from '../../contracts/delivery.ts'
import { type DeliveryResult, DeliveryVerdict } from '../../contracts/delivery-result.ts'
import type { ReminderJob } from '../../contracts/reminder-job.ts'
import { batching } from './batch.ts'

const Begun = z.discriminatedUnion('verdict', [
  z.object({ id: z.number(), generation: z.number(), verdict: z.literal('begun'), delivery: Delivery }),
  z.object({ id: z.number(), generation: z.number(), verdict: z.enum(['stale', 'superseded', 'no_recipient']) }),
])
export type Begun = z.infer<typeof Begun>

export type Retrying = { base: number; cap: number; for: number }

/** The notifier's side of `reminder_dispatch_log`: concurrent calls share one statement. */
export type ReminderLog = {
  /** Takes a reminder for sending under a lease, or says why not. */
  begin(job: ReminderJob): Promise<Begun>
  /** Records the channels' answers to one attempt. */
  finish(result: DeliveryResult): Promise<DeliveryVerdict>
  raiseAlert(channel: string, code: string): Promise<void>
  resolveAlert(channel: string): Promise<void>
}

const largestBatch = 200
const alertKey = (channel: string) => `channel_out_of_order:${channel}`

/** `lease` in seconds; `retrying` in seconds: base and cap of the pause, and for how long transient answers are put up with. */
export function openReminderLog(
  deps: { pool: Pool },
  options: { channels: string[]; lease: number; retrying: Retrying },
): ReminderLog {
  const { pool } = deps
  const { channels, lease, retrying } = options
  return {
    begin: batching(async (jobs: ReminderJob[]) => {
      const { rows } = await pool.query(
        'select id, generation, verdict, delivery from expiry.begin_reminder_delivery($1, $2, $3, $4)',
        [jobs.map((job) => job.id), jobs.map((job) => job.generation), channels, Math.ceil(lease)],
      )
      return inOrder(
        jobs,
        rows.map((row) => Begun.parse(row)),
      )
    }, largestBatch),
    finish: batching(async (results: DeliveryResult[]) => {
      const { rows } = await pool.query(
        `select id, generation, attempt, verdict, status, status_reason, late_seconds
           from expiry.finish_reminder_delivery($1, $2, $3, $4)`,
        [JSON.stringify(results), Math.ceil(retrying.base), Math.ceil(retrying.cap), Math.ceil(retrying.for)],
      )
      return inOrder(
        results,
        rows.map((row) => DeliveryVerdict.parse(row)),
      )
    }, largestBatch),
    async raiseAlert(channel, code) {
      await pool.query(`select expiry.raise_alert('channel_out_of_order', 'critical', $1, $2)`, [
        alertKey(channel),
        { channel, code },
      ])
    },
    async resolveAlert(channel) {
      await pool.query('select expiry.resolve_alert($1)', [alertKey(channel)])
    },
  }
}

/** SQL answers in any order; a batch must answer in the order of its items. */
function inOrder<Answer extends ReminderJob>(asked: ReminderJob[], answers: Answer[]): Answer[] {
  const key = (job: ReminderJob) => `${job.id}-${job.generation}`
  const byKey = new Map(answers.map((answer) => [key(answer), answer]))
  return asked.flatMap((job) => byKey.get(key(job)) ?? [])
}
