import type { ChannelAnswer, Delivery } from '../../contracts/delivery.ts'
import { type DeliveryRow, deliveryOf } from '../../contracts/delivery-row.ts'
import type { Runner } from '../support/people.ts'
import type { Reminder } from './reminders.ts'

export type Job = { id: number; generation: number }
export type Begun = Job & {
  verdict: 'begun' | 'superseded' | 'put_off' | 'no_recipient' | 'stale' | 'locked'
  delivery: Delivery | null
}
export type Attempt = Job & { attempt: number }
export type Finished = Attempt & {
  verdict: 'recorded' | 'late' | 'stale' | 'locked'
  status: 'sent' | 'failed' | 'pending' | null
  status_reason: string | null
}

export const accepted: ChannelAnswer = { kind: 'accepted', code: 'smtp_250', messageId: '<1@example.org>' }
export const rejected: ChannelAnswer = { kind: 'rejected', code: 'smtp_550' }
export const failed: ChannelAnswer = { kind: 'failed', code: 'smtp_451' }
export const uncertain: ChannelAnswer = { kind: 'uncertain', code: 'timeout' }
export const outOfOrder: ChannelAnswer = { kind: 'out_of_order', code: 'refused' }

/** Marks up to so many reminders queued and returns them as jobs. */
export async function claim(runner: Runner, limit = 100): Promise<(Job & { threshold_day: number })[]> {
  const { rows } = await runner.query<Job & { threshold_day: number }>(
    'select id, generation, threshold_day from expiry.claim_pending_reminders($1)',
    [limit],
  )
  return rows
}

/** The pauses of these reminders are over, but for those that somebody holds. */
async function endPauses(runner: Runner, jobs: readonly Job[]): Promise<void> {
  await runner.query(
    `update expiry.reminder_dispatch_log set available_at = pg_catalog.now()
      where id = any (array(
        select id from expiry.reminder_dispatch_log
         where id = any ($1) and status = 'pending' and available_at > pg_catalog.now()
           for no key update skip locked
      ))`,
    [jobs.map(({ id }) => id)],
  )
}

/** Begins these reminders, whose pauses are over. */
export async function begin(
  runner: Runner,
  jobs: readonly Job[],
  { channels = ['email'], lease = 300 }: { channels?: string[]; lease?: number } = {},
): Promise<Begun[]> {
  await endPauses(runner, jobs)
  const { rows } = await runner.query<DeliveryRow & Pick<Begun, 'verdict'>>(
    'select * from expiry.begin_reminder_delivery($1, $2, $3, $4)',
    [jobs.map((job) => job.id), jobs.map((job) => job.generation), channels, lease],
  )
  return rows.map((row) => ({
    id: row.id,
    generation: row.generation,
    verdict: row.verdict,
    delivery: row.verdict === 'begun' ? (deliveryOf(row) as unknown as Delivery) : null,
  }))
}

export type Result = Attempt & { answers: Record<string, ChannelAnswer> }
export type RetryPolicy = { base?: number; cap?: number; retryFor?: number }

/** Hands in results; each channel's attempt is said to have lasted from one second ago until now. */
export async function finish(
  runner: Runner,
  results: readonly Result[],
  { base = 30, cap = 900, retryFor = 86_400 }: RetryPolicy = {},
): Promise<Finished[]> {
  const now = Date.now()
  const times = { startedAt: new Date(now - 1000).toISOString(), finishedAt: new Date(now).toISOString() }
  const payload = results.map(({ id, generation, attempt, answers }) => ({
    id,
    generation,
    attempt,
    channels: Object.entries(answers).map(([channel, answer]) => ({ channel, ...answer, ...times })),
  }))
  const { rows } = await runner.query<Finished>(
    'select id, generation, attempt, verdict, status, status_reason from expiry.finish_reminder_delivery($1, $2, $3, $4)',
    [JSON.stringify(payload), base, cap, retryFor],
  )
  return rows
}

/** Begins these rows and returns the attempts that a channel may now make. */
export async function attemptsOf(
  runner: Runner,
  rows: readonly Job[],
  options?: { channels?: string[]; lease?: number },
): Promise<Attempt[]> {
  const begun = await begin(runner, rows, options)
  return begun.flatMap(({ id, generation, delivery }) =>
    delivery === null ? [] : [{ id, generation, attempt: delivery.attempt }],
  )
}

/** Delivers what may go out of these rows by one channel, which gives each the same answer. */
export async function deliver(
  runner: Runner,
  rows: readonly Reminder[],
  answer: ChannelAnswer = accepted,
  policy?: RetryPolicy,
): Promise<Finished[]> {
  const open = rows.filter((row) => row.status === 'pending' || row.status === 'queued')
  const attempts = await attemptsOf(runner, open)
  return finish(
    runner,
    attempts.map((attempt) => ({ ...attempt, answers: { email: answer } })),
    policy,
  )
}
