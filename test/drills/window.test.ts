import { describe, expect, test, vi } from 'vitest'
import type { Runner } from '../support/people.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { openQueueContent } from './queue-content.ts'
import { addPendingReminders, allSent, countOf, expectEachOnce, keysOf, openStage } from './stage.ts'

vi.setConfig({ testTimeout: 180_000 })
const ROWS = 5_000
const WINDOW = 500

describe.skipIf(!hasRedis())('a backlog behind a blocked channel', () => {
  test('5,000 rows and two listeners: no more than the window is ever in the queue, no job is added twice, and each row is sent', async () => {
    await using stage = await openStage()
    const { database, redis, smtp } = stage
    await using queue = openQueueContent(redis)
    const env = { QUEUE_WINDOW: String(WINDOW), SWEEP_INTERVAL: '0.2', AUDIT_AFTER: '1' }
    const listeners = await Promise.all([stage.start('listener', env), stage.start('listener', env)])
    for (const listener of listeners) await listener.waitForEvent('listening')
    // One NOTIFY calls both at the same moment.
    await addPendingReminders(database, ROWS)
    await waitFor('a full window', async () => (await countOf(database, 'queued')) === WINDOW)

    const before = await queue.calls('hmget')
    await waitFor('audits of the whole window by both', async () => (await queue.calls('hmget')) > before + 6 * WINDOW)
    const inQueue = await queue.jobIds()
    expect(await countOf(database, 'queued')).toBe(WINDOW)
    expect(inQueue.length).toBe(WINDOW)
    const added = await queue.events('added')
    expect([...added].sort()).toEqual(inQueue)
    expect(await queue.events('duplicated')).toEqual([])
    expect((await keysOf(database)).every((key) => key.endsWith('-0'))).toBe(true)

    const notifier = await stage.start('notifier', {
      DELIVERY_LEASE: '60',
      DELIVERY_DEADLINE: '25',
      NOTIFIER_CONCURRENCY: '50',
    })
    let most = 0
    await waitFor(
      'the whole backlog to be sent',
      async () => {
        most = Math.max(most, await countOf(database, 'queued'), (await queue.jobIds('prioritized')).length)
        return (await countOf(database, 'sent')) === ROWS
      },
      { deadlineMs: 120_000, intervalMs: 100 },
    )
    expect(most).toBeLessThanOrEqual(WINDOW)
    await notifier.stop()
    expectEachOnce(smtp, ROWS)
    for (const listener of listeners) expect(listener.events('dispatched').length).toBeGreaterThan(0)
    expect(listeners.flatMap((listener) => listener.events('jobs_lost'))).toEqual([])
  })

  test('jobs of superseded rows count as well: the queue does not grow while nobody works', async () => {
    await using stage = await openStage()
    const { database, redis, smtp } = stage
    await using queue = openQueueContent(redis)
    const window = 50
    const listener = await stage.start('listener', { QUEUE_WINDOW: String(window), SWEEP_INTERVAL: '0.2' })
    await listener.waitForEvent('listening')
    await addPendingReminders(database, 1)
    await waitFor(
      'a first job, after which the jobs are counted',
      async () => (await countOf(database, 'queued')) === 1,
    )
    await addPendingReminders(database, 4 * window - 1)
    await waitFor('a full window', async () => (await countOf(database, 'queued')) === window)
    await renewQueued(database)
    expect(await countOf(database, 'queued')).toBe(0)
    // Each sweep looks up the sentinel and wakes the dispatch, which finds room among the rows.
    const sweeps = await queue.calls('hgetall')
    await waitFor('some sweeps', async () => (await queue.calls('hgetall')) >= sweeps + 8)
    expect((await queue.jobIds()).length).toBe(window)
    expect(await countOf(database, 'pending')).toBe(3 * window)

    await stage.start('notifier')
    await waitFor('the others to be sent', async () => (await countOf(database, 'sent')) === 3 * window)
    expect(await countOf(database, 'superseded')).toBe(window)
    expectEachOnce(smtp, 3 * window)
  })

  test('a full window is asked about again although nobody rings when it drains', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    const listener = await stage.start('listener', { QUEUE_WINDOW: '10', SWEEP_INTERVAL: '3600' })
    await listener.waitForEvent('listening')
    await addPendingReminders(database, 45)
    await waitFor('a full window', async () => (await countOf(database, 'queued')) === 10)
    await stage.start('notifier')
    await allSent(database, 45, 20_000)
    expectEachOnce(smtp, 45)
  })
})

/** A bulk renewal of everybody whose reminder is queued. */
async function renewQueued(runner: Runner): Promise<void> {
  await runner.query(
    `update expiry.certifications set expiry_date = expiry_date + 365
      where mentor_id in (select mentor_id from expiry.reminder_dispatch_log where status = 'queued')`,
  )
}
