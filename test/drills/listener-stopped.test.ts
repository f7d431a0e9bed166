import { describe, expect, test, vi } from 'vitest'
import { startProxy } from '../support/proxy.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { throughProxy } from './addresses.ts'
import { openQueueContent } from './queue-content.ts'
import { addPendingReminders, allSent, countOf, expectEachOnce, isClaiming, openStage } from './stage.ts'

/** The statement alone, as it ends on the wire: a claim names synchronous_commit as well. */
const commit = 'commit\0'

vi.setConfig({ testTimeout: 60_000 })
const cleanly = { code: 0, signal: null }

describe.skipIf(!hasRedis())('a listener that is told to stop', () => {
  test('in the middle of its claims ends what it has begun, and the next one does the rest', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    await using proxy = await startProxy({ targetPort: Number(new URL(database.url).port), protocol: 'postgres' })
    await addPendingReminders(database, 400)
    proxy.delayUpstream(300, commit)
    const listener = await stage.start('listener', {
      DATABASE_URL: throughProxy(database.url, proxy),
      QUEUE_WINDOW: '250',
    })
    await waitFor('a commit on its way', () => proxy.counters.delayed > 0)
    expect(await countOf(database, 'queued')).toBe(0)
    expect(await listener.stop({ deadlineMs: 5_000 })).toEqual(cleanly)
    expect(await countOf(database, 'queued')).toBe(250)
    expect(await countOf(database, 'pending')).toBe(150)
    await stage.start('listener')
    await stage.start('notifier')
    await allSent(database, 400)
    expectEachOnce(smtp, 400)
  })

  test('is not held up by a Redis that hangs', async () => {
    await using stage = await openStage()
    const { database, redis } = stage
    await using queue = openQueueContent(redis)
    const listener = await stage.start('listener')
    await waitFor('the queue to be open', () => queue.hasSentinel())
    redis.pause()
    await addPendingReminders(database, 50)
    await waitFor('a claim that waits for Redis', () => isClaiming(database), { intervalMs: 2 })
    expect(await listener.stop({ deadlineMs: 10_000 })).toEqual(cleanly)
    expect(await countOf(database, 'pending')).toBe(50)
  })

  test.each(['refuses', 'hangs'] as const)('is not held up by a PostgreSQL that %s', async (how) => {
    await using stage = await openStage()
    const { database, redis } = stage
    await using queue = openQueueContent(redis)
    await using proxy = await startProxy({ targetPort: Number(new URL(database.url).port) })
    const listener = await stage.start('listener', { DATABASE_URL: throughProxy(database.url, proxy) })
    await listener.waitForEvent('listening')
    await waitFor('the queue to be open', () => queue.hasSentinel())
    if (how === 'hangs') {
      proxy.stall(true)
      await addPendingReminders(database, 1)
    } else {
      await proxy.refuse(true)
      proxy.cut()
      await listener.waitForEvent('listen_lost')
      await listener.waitForEvent('sweep_failed')
    }
    expect(await listener.stop({ deadlineMs: 15_000 })).toEqual(cleanly)
  })
})
