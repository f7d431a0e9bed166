import { describe, test, vi } from 'vitest'
import { startWebhookReceiver } from '../fakes/webhook/server.ts'
import { freePort } from '../support/free-port.ts'
import { addMentor, addOrganisation, setClock } from '../support/people.ts'
import { startProxy } from '../support/proxy.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { throughProxy } from './addresses.ts'
import { get, metrics, seriesIn } from './metrics.ts'
import { openQueueContent } from './queue-content.ts'
import { addPendingReminders, openStage, oweNight, type Stage } from './stage.ts'

vi.setConfig({ testTimeout: 90_000 })

/** Starts a listener, and returns how to wait for what its metrics say; the tables are read every five seconds. */
async function startMeasured({ start }: Stage, env: Readonly<Record<string, string>> = {}) {
  const port = await freePort()
  await start('listener', { ...env, LISTENER_HTTP: `127.0.0.1:${port}` })
  await waitFor('the listener to answer', async () => (await get(port, '/healthz'))?.status === 200)
  return {
    says: (series: string, isRight: (value: number | undefined) => boolean) =>
      waitFor(`${series} to be right`, async () => isRight(seriesIn(await metrics(port), series)), {
        deadlineMs: 20_000,
        intervalMs: 200,
      }),
  }
}

const is = (wanted: number | undefined) => (value: number | undefined) => value === wanted
const atLeast =
  (least: number) =>
  (value = 0) =>
    value >= least

describe.skipIf(!hasRedis())('metrics of trouble', () => {
  test('count alerts by kind, and say which destination was told when, and which could not be', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    await using receiver = await startWebhookReceiver()
    smtp.script({ at: 'sender', act: { reply: 550 } })
    const begun = Date.now() / 1_000
    await database.query(`select expiry.raise_alert('test', 'warning', 'test', '{}')`)
    const { says } = await startMeasured(stage, {
      OPERATIONS_EMAIL: 'team@ops.example',
      OPERATIONS_WEBHOOK_URL: receiver.url,
      OPERATIONS_WEBHOOK_SECRET: receiver.secret,
    })
    await says('mentor_expiry_alerts_open{kind="test"}', is(1))
    await says('mentor_expiry_alerts_untold{destination="email"}', is(1))
    await says('mentor_expiry_alert_told_timestamp_seconds{destination="email"}', is(0))
    await says('mentor_expiry_alerts_untold{destination="webhook"}', is(0))
    await says('mentor_expiry_alert_told_timestamp_seconds{destination="webhook"}', atLeast(begun))
    await database.query(`select expiry.resolve_alert('test')`)
    await says('mentor_expiry_alerts_open{kind="test"}', is(undefined))
  })

  test('count what the sweeps have found, and the nights that the listener has run', async () => {
    await using stage = await openStage()
    const { database, redis } = stage
    await using queue = openQueueContent(redis)
    await database.query(`select expiry.record_schedule('service', '15 * * * *')`)
    await database.query(`update expiry.nightly_schedule set set_at = now() - interval '1 month'`)
    await oweNight(database, 3)
    const { says } = await startMeasured(stage)
    await says('mentor_expiry_nights_total{status="done"}', is(1))
    await database.query('insert into expiry.mentor_rechecks (mentor_id) select id from expiry.mentors')
    await says('mentor_expiry_found_total{what="rechecked"}', atLeast(3))
    await waitFor('the jobs', async () => (await queue.jobIds()).length === 3 && (await queue.hasSentinel()))
    await queue.redis.flushall()
    await says('mentor_expiry_found_total{route="reminders",what="queue_wiped"}', is(3))
    const [lost = ''] = await queue.jobIds()
    await queue.lose(lost)
    await says('mentor_expiry_found_total{route="reminders",what="jobs_lost"}', is(1))
    await database.query(
      `select expiry.begin_reminder_delivery(array_agg(id), array_agg(generation), '{email}', 1) from expiry.reminder_dispatch_log`,
    )
    await says('mentor_expiry_found_total{route="reminders",what="rescued"}', is(3))
  })

  test('say what waits, what has failed, which night is late, and that the database is away', async () => {
    await using stage = await openStage()
    const { database, redis } = stage
    await using proxy = await startProxy({ targetPort: Number(new URL(database.url).port), protocol: 'postgres' })
    const night = await database.connect()
    await night.query('select pg_advisory_lock(7236002)')
    await addPendingReminders(database, 2)
    await addMentor(database, { organisation: await addOrganisation(database), coordinator: null, daysLeft: 20 })
    await database.query(`update expiry.reminder_dispatch_log set available_at = now() - interval '1 hour'`)
    // In two days: late in the evening Oslo has tomorrow's date already.
    await setClock(database, `${new Date(Date.now() + 48 * 3_600_000).toISOString().slice(0, 10)}T10:00:00Z`)
    await redis.stop()
    const { says } = await startMeasured(stage, { DATABASE_URL: throughProxy(database.url, proxy) })
    await says('mentor_expiry_oldest_pending_seconds', atLeast(3_600))
    await says('mentor_expiry_reminders{status="failed",reason="no_recipient"}', is(1))
    await says('mentor_expiry_organisations_late', is(2))
    await says('mentor_expiry_database_up', is(1))
    await proxy.refuse(true)
    proxy.cut()
    await says('mentor_expiry_database_up', is(0))
  })
})
