import { expect, onTestFailed } from 'vitest'
import { type SmtpFake, startSmtp } from '../fakes/smtp/server.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentors, addOrganisation, type Runner } from '../support/people.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { type Service, startService } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'

/** Low numbers, so that a drill takes seconds. Times in seconds; `debug`, because drills watch every event. */
const BRISK = {
  DELIVERY_LEASE: '6',
  DELIVERY_DEADLINE: '2',
  RETRY_BASE: '1',
  RETRY_CAP: '2',
  SWEEP_INTERVAL: '0.5',
  AUDIT_AFTER: '2',
  NOTIFIER_CONCURRENCY: '40',
  LOG_LEVEL: 'debug',
  MAIL_FROM: 'reminders@example.org',
}

export type Environment = Readonly<Record<string, string>>

/** The servers that a reminder passes through, and the services between them as processes of their own. */
export type Stage = AsyncDisposable & {
  readonly database: Database
  readonly redis: RedisServer
  readonly smtp: SmtpFake
  /** Starts `mentor-expiry <command>` on these servers; `env` goes before. All are killed in the end. */
  start(command: 'listener' | 'notifier', env?: Environment): Promise<Service>
}

/** A fresh database of the shared PostgreSQL, a Redis and an SMTP server of its own. */
export async function openStage(): Promise<Stage> {
  const database = await freshDatabase()
  const redis = await startRedis()
  const smtp = await startSmtp()
  const services = createServices({ DATABASE_URL: database.url, QUEUE_URL: redis.url, MAIL_URL: smtp.url })
  return {
    database,
    redis,
    smtp,
    start: services.start,
    [Symbol.asyncDispose]: async () => {
      for (const resource of [services, smtp, redis, database]) await resource[Symbol.asyncDispose]()
    },
  }
}

/** Starts services with brisk numbers; `env` says where their servers are. */
export function createServices(env: Environment): Pick<Stage, 'start'> & AsyncDisposable {
  const services: Service[] = []
  return {
    start: async (command, more = {}) => {
      const service = await startService([command], { ...BRISK, ...env, ...more })
      services.push(service)
      onTestFailed(() => void process.stderr.write(`${command} ${service.pid} said last: ${service.lastWords()}\n`))
      return service
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(services.map((service) => service[Symbol.asyncDispose]()))
    },
  }
}

/** So many mentors whose certifications expire in 30 days, or as told: a pending reminder each, if one is due then. */
export async function addPendingReminders(runner: Runner, count: number, { daysLeft = 30 } = {}): Promise<void> {
  const organisation = await addOrganisation(runner)
  // Their day has been processed, so that the listener has no night to run.
  await runner.query('update expiry.organisations set processed_on = expiry.today(id) where id = $1', [organisation])
  await addMentors(runner, { organisation, count, daysLeft })
}

/** So many mentors who are due at the next night, which is hours late: the clock says tomorrow, and nobody ran it. */
export async function oweNight(runner: Runner, count: number): Promise<void> {
  await addPendingReminders(runner, count, { daysLeft: 31 })
  expect(await countOf(runner, 'pending')).toBe(0)
  await runner.query(
    `insert into expiry.clock_override (at)
     select (expiry.today(id) + 1 + time '10:00') at time zone 'UTC' from expiry.organisations`,
  )
}

/** How many reminders have one of these statuses. */
export async function countOf(runner: Runner, ...statuses: string[]): Promise<number> {
  const { rows } = await runner.query<{ count: number }>(
    'select count(*)::integer as count from expiry.reminder_dispatch_log where status::text = any ($1)',
    [statuses],
  )
  return rows[0]?.count ?? 0
}

/** `<id>-<generation>` of every reminder, sorted: the ids that jobs may have. */
export async function keysOf(runner: Runner): Promise<string[]> {
  const { rows } = await runner.query<{ key: string }>(
    `select id || '-' || generation as key from expiry.reminder_dispatch_log`,
  )
  return rows.map(({ key }) => key).sort()
}

/** Resolves when so many reminders are `sent`, and no more are to come. */
export async function allSent(runner: Runner, count: number, deadlineMs = 40_000): Promise<void> {
  const isThrough = async () => (await countOf(runner, 'sent')) === count
  await waitFor(`${count} reminders to be sent`, isThrough, { deadlineMs, intervalMs: 50 })
  expect(await countOf(runner, 'pending', 'queued', 'sending', 'failed', 'superseded')).toBe(0)
}

/** The server got so many different messages, each once. */
export function expectEachOnce(smtp: SmtpFake, count: number, message?: string): void {
  const counts = smtp.countByMessageId()
  expect(counts.size, message).toBe(count)
  expect(
    [...counts].filter(([, times]) => times !== 1),
    message,
  ).toEqual([])
}

/**
 * Process ids of the connections of claims that hold rows and wait for the queue. Those that have only just become idle are
 * on their way from one statement to the next.
 */
export const waitingClaims = `
  select pid from pg_stat_activity
   where datname = current_database() and application_name = 'mentor-expiry listener'
     and state = 'idle in transaction' and query like '%claim_pending_reminders%'
     and state_change < clock_timestamp() - interval '100 ms'`

/** Whether a claim holds rows while it waits for the queue. */
export async function isClaiming(runner: Runner): Promise<boolean> {
  const { rowCount } = await runner.query(waitingClaims)
  return (rowCount ?? 0) > 0
}
