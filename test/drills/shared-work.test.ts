import { describe, expect, test, vi } from 'vitest'
import { startProxy } from '../support/proxy.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { throughProxy } from './addresses.ts'
import { openQueueContent } from './queue-content.ts'
import { addPendingReminders, allSent, countOf, expectEachOnce, isClaiming, openStage } from './stage.ts'

vi.setConfig({ testTimeout: 60_000 })

describe.skipIf(!hasRedis())('two of each', () => {
  test('share the work, and each reminder is sent once', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    const listeners = [await stage.start('listener'), await stage.start('listener')]
    const notifiers = [await stage.start('notifier'), await stage.start('notifier')]
    for (const listener of listeners) await listener.waitForEvent('listening')
    for (const notifier of notifiers) await notifier.waitForEvent('started')
    let rows = 0
    const areAllBusy = () =>
      listeners.every((listener) => listener.events('dispatched').length > 0) &&
      notifiers.every((notifier) => notifier.events('sent').length > 0)
    do {
      await addPendingReminders(database, 40)
      rows += 40
      await allSent(database, rows)
    } while (!areAllBusy() && rows < 1_000)
    expect(areAllBusy()).toBe(true)
    expectEachOnce(smtp, rows)
  })

  test('a listener frozen in its claim is overtaken by the other, and works on when it wakes up', async () => {
    await using stage = await openStage()
    const { database, redis, smtp } = stage
    await using queue = openQueueContent(redis)
    await using proxy = await startProxy({ targetPort: redis.port })
    const frozen = await stage.start('listener', { QUEUE_URL: throughProxy(redis.url, proxy) })
    await stage.start('notifier')
    await waitFor('the queue to be open', () => queue.hasSentinel())
    proxy.stall(true)
    await addPendingReminders(database, 100)
    await waitFor('a claim that waits for Redis', () => isClaiming(database), { intervalMs: 2 })
    frozen.freeze()
    expect(await isClaiming(database)).toBe(true)

    const other = await stage.start('listener')
    await allSent(database, 100)
    frozen.thaw()
    proxy.stall(false)
    await frozen.waitForEvent('dispatch_failed')
    await frozen.waitForEvent('dispatch_recovered')
    await other.kill()
    await addPendingReminders(database, 20)
    await allSent(database, 120)
    expectEachOnce(smtp, 120)
  })

  test('a notifier frozen in its sends for longer than the lease is overtaken by the other, and works on when it wakes up', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    const listener = await stage.start('listener')
    const frozen = await stage.start('notifier')
    const hanging = smtp.script({ at: 'data', act: 'hang' })
    await addPendingReminders(database, 60)
    await waitFor('forty sends that hang', async () => hanging.hits > 0 && (await countOf(database, 'sending')) === 40)
    frozen.freeze()
    const begun = await countOf(database, 'sending')
    hanging.lift()

    const other = await stage.start('notifier')
    await waitFor('the rest to be sent', async () => (await countOf(database, 'sent')) === 60 - begun)
    await listener.waitForEvent('rescued')
    await allSent(database, 60)
    const { rows } = await database.query(
      `select count(*)::integer as count from expiry.reminder_delivery_attempts where outcome = 'uncertain'`,
    )
    expect(rows).toEqual([{ count: begun }])
    frozen.thaw()
    await frozen.waitForEvent('result_stale')

    await other.kill()
    await addPendingReminders(database, 20)
    await allSent(database, 80)
    expectEachOnce(smtp, 80)
  })
})
