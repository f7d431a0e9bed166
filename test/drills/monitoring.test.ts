import { describe, expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { hasRedis } from '../support/servers.ts'
import { startService } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'
import { get, metrics, seriesIn } from './metrics.ts'
import { addPendingReminders, allSent, openStage } from './stage.ts'

const ROWS = 12

describe.skipIf(!hasRedis())('monitoring', () => {
  test('counts what the services do, and names nobody', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    const [listening, notifying] = [await freePort(), await freePort()]
    await addPendingReminders(database, ROWS)
    await stage.start('listener', { LISTENER_HTTP: `127.0.0.1:${listening}` })
    const queued = 'mentor_expiry_reminders{status="queued",reason=""}'
    await waitFor('the listener to be ready', async () => (await get(listening, '/readyz'))?.status === 200)
    await waitFor('the queued reminders', async () => seriesIn(await metrics(listening), queued) === ROWS)
    smtp.script({ at: 'recipient', act: { reply: 450 }, times: 1 })
    await stage.start('notifier', { NOTIFIER_HTTP: `127.0.0.1:${notifying}` })
    await allSent(database, ROWS)

    const listener = await metrics(listening)
    expect(seriesIn(listener, 'mentor_expiry_reminders_queued_total')).toBeGreaterThanOrEqual(ROWS)
    expect(seriesIn(listener, 'mentor_expiry_claim_seconds_count{route="reminders"}')).toBeGreaterThan(0)
    expect(seriesIn(listener, 'mentor_expiry_organisations_late')).toBe(0)
    expect(seriesIn(listener, 'mentor_expiry_database_up')).toBe(1)
    await waitFor('the open ones to be gone', async () => seriesIn(await metrics(listening), queued) === undefined)
    expect(seriesIn(await metrics(listening), 'mentor_expiry_oldest_pending_seconds')).toBe(0)

    const notifier = await metrics(notifying)
    const attempts = (outcome: string) =>
      seriesIn(notifier, `mentor_expiry_attempts_total{channel="email",outcome="${outcome}"}`)
    expect(attempts('accepted')).toBe(ROWS)
    expect(attempts('failed')).toBeGreaterThan(0)
    expect(seriesIn(notifier, 'mentor_expiry_lateness_seconds_count{threshold="30"}')).toBe(ROWS)
    expect(seriesIn(notifier, 'mentor_expiry_send_seconds_count{channel="email"}')).toBeGreaterThan(ROWS)
    expect(seriesIn(notifier, 'mentor_expiry_reminders_ended_total{end="sent"}')).toBe(ROWS)
    for (const { body } of [listener, notifier]) expect(body).not.toMatch(/@|Mentor \d|organisation-/)
  })

  test('tells what keeps a service from its work, and that it lives all the same', async () => {
    await using stage = await openStage()
    const { redis, smtp } = stage
    const [listening, notifying] = [await freePort(), await freePort()]
    await smtp.down()
    await stage.start('listener', { LISTENER_HTTP: `127.0.0.1:${listening}` })
    await stage.start('notifier', { NOTIFIER_HTTP: `127.0.0.1:${notifying}` })
    await addPendingReminders(stage.database, 1)
    const reasons = async (port: number) => (await get(port, '/readyz'))?.body ?? ''
    await waitFor('the closed gate', async () => (await reasons(notifying)).includes('gate_closed:email'))
    expect((await get(notifying, '/healthz'))?.status).toBe(200)
    await smtp.up()
    await waitFor('the open gate', async () => (await get(notifying, '/readyz'))?.status === 200)

    await waitFor('the listener', async () => (await get(listening, '/readyz'))?.status === 200)
    await redis.stop()
    await addPendingReminders(stage.database, 1)
    await waitFor('the queue to be missed', async () =>
      (await reasons(listening)).includes('dispatch_failed:reminders'),
    )
    await redis.restart()
    await waitFor('the queue to be back', async () => (await get(listening, '/readyz'))?.status === 200)
    expect((await get(listening, '/nothing'))?.status).toBe(404)
  })
})

test('an address that is taken, or none, is bad configuration', async () => {
  const env = { DATABASE_URL: 'postgres://127.0.0.1:1/none', LISTENER_HTTP: '192.0.2.1:9' }
  await using elsewhere = await startService(['listener'], env)
  expect((await elsewhere.exited).code).toBe(2)
  expect(elsewhere.output).toMatch(/LISTENER_HTTP: 192\.0\.2\.1:9 can't be listened at \(EADDRNOTAVAIL\)/)
  await using nonsense = await startService(['listener'], { ...env, LISTENER_HTTP: '9401' })
  expect((await nonsense.exited).code).toBe(2)
  expect(nonsense.output).toMatch(/LISTENER_HTTP: must be host:port/)
})
