import { describe, expect, test, vi } from 'vitest'
import { startSmtp } from '../fakes/smtp/server.ts'
import { startWebhookReceiver } from '../fakes/webhook/server.ts'
import type { Runner } from '../support/people.ts'
import { hasPostgres15WithCron } from '../support/servers.ts'
import { startService } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'
import { migrate, startCronServer } from './cron-server.ts'

vi.setConfig({ testTimeout: 60_000 })

/** What the alert about pg_cron says of its job: a fault each, or `over`, in order. */
async function faults(runner: Runner): Promise<string[]> {
  const { rows } = await runner.query<{ fault: string }>(
    `select case when resolved_at is null then details ->> 'fault' else 'over' end as fault
       from expiry.operations_alerts where kind = 'pg_cron_failing' order by id`,
  )
  return rows.map(({ fault }) => fault)
}

const isOpen = (runner: Runner, fault: string) =>
  waitFor(`the alert ${fault}`, async () => (await faults(runner)).at(-1) === fault)

const listen = (env: Record<string, string>) =>
  startService(['listener'], { QUEUE_URL: 'redis://127.0.0.1:1', SWEEP_INTERVAL: '0.2', CHECK_INTERVAL: '0.3', ...env })

/** A fault at a time, and each time the remedy. */
async function breakAndMend(home: Runner, there: Runner, env: Record<string, string>): Promise<void> {
  await home.query('select cron.alter_job(jobid, active := false) from cron.job')
  await isOpen(there, 'disabled')
  await home.query(`select cron.alter_job(jobid, active := true, schedule := '1 1 1 1 *') from cron.job`)
  await isOpen(there, 'changed')
  await home.query('select cron.unschedule(jobid) from cron.job')
  await isOpen(there, 'gone')
  await migrate(env)
  await isOpen(there, 'over')
  await home.query(
    `insert into cron.job_run_details (jobid, runid, database, username, command, status, return_message, start_time)
     select jobid, 1000000, database, username, command, 'failed', 'connection failed for kari@people.example', now() from cron.job`,
  )
  await isOpen(there, 'failing')
  const { rows } = await there.query('select details from expiry.operations_alerts where resolved_at is null')
  expect(JSON.stringify(rows)).not.toContain('people')
  await home.query(`update cron.job_run_details set status = 'succeeded'`)
  await isOpen(there, 'over')
  expect(await faults(there)).toEqual(['over', 'over'])
}

describe.skipIf(!hasPostgres15WithCron())(
  "pg_cron's job that is gone, switched off, changed or failing is an alert",
  () => {
    test('where it lives in our own database', async () => {
      await using cron = await startCronServer()
      const here = cron.of('postgres')
      const env = { DATABASE_URL: cron.urlOf('postgres') }
      await migrate(env)
      await using _ = await listen(env)
      await breakAndMend(here, here, env)
    })

    test('told once by mail and webhook, and once that it is over', async () => {
      await using cron = await startCronServer()
      await using smtp = await startSmtp()
      await using receiver = await startWebhookReceiver()
      const here = cron.of('postgres')
      const env = { DATABASE_URL: cron.urlOf('postgres') }
      await migrate(env)
      await using _ = await listen({
        ...env,
        ALERT_LEASE: '3',
        MAIL_URL: smtp.url,
        MAIL_FROM: 'alerts@ops.example',
        OPERATIONS_EMAIL: 'team@ops.example',
        OPERATIONS_WEBHOOK_URL: receiver.url,
        OPERATIONS_WEBHOOK_SECRET: receiver.secret,
      })
      const bothHave = (count: number) =>
        waitFor(`${count} notices at both`, () => smtp.received.length === count && receiver.received.length === count)
      await here.query('select cron.alter_job(jobid, active := false) from cron.job')
      await bothHave(1)
      await here.query('select cron.alter_job(jobid, active := true) from cron.job')
      await bothHave(2)
      const types = receiver.received.map(({ body }) => `${JSON.parse(body).type} ${JSON.parse(body).data.kind}`)
      expect(types).toEqual(['alert.opened pg_cron_failing', 'alert.resolved pg_cron_failing'])
    })

    test('where it lives in another one', async () => {
      await using cron = await startCronServer()
      const home = cron.of('postgres')
      await home.query('create database theirs')
      const env = { DATABASE_URL: cron.urlOf('theirs'), CRON_DATABASE_URL: cron.urlOf('postgres') }
      await migrate(env)
      await using _ = await listen(env)
      await breakAndMend(home, cron.of('theirs'), env)
    })

    test('and is none for a login that sees no jobs but its own, nor where the listener runs the nights', async () => {
      await using cron = await startCronServer()
      const here = cron.of('postgres')
      const env = { DATABASE_URL: cron.urlOf('postgres') }
      await migrate(env)
      await here.query(
        'create role serving login; grant expiry_service to serving; grant usage on schema cron to serving',
      )
      const url = new URL(env.DATABASE_URL)
      url.username = 'serving'
      await using stranger = await listen({ DATABASE_URL: url.href })
      await here.query('select cron.unschedule(jobid) from cron.job')
      const looked = async () => {
        const { rowCount } = await here.query(
          `select from pg_stat_activity where usename = 'serving' and query like '%nightly_schedule as s%' and state_change > $1::timestamptz`,
          [new Date(Date.now() - 300)],
        )
        return (rowCount ?? 0) > 0
      }
      await waitFor('the stranger to look', looked)
      await waitFor('the stranger to look again', looked)
      expect(await faults(here)).toEqual([])
      await stranger.stop()

      await using _ = await listen(env)
      await isOpen(here, 'gone')
      await migrate(env, '--no-cron')
      await isOpen(here, 'over')
    })
  },
)
