import { describe, expect, test, vi } from 'vitest'
import { startProxy } from '../support/proxy.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { throughProxy } from './addresses.ts'
import { openQueueContent } from './queue-content.ts'
import { addPendingReminders, allSent, countOf, expectEachOnce, openStage } from './stage.ts'

vi.setConfig({ testTimeout: 90_000 })
const ROWS = 40
/** Seconds: a busy machine must not look like a mail server that does not answer. */
const unhurried = { DELIVERY_LEASE: '40', DELIVERY_DEADLINE: '15' }
/** Milliseconds: 15 s of silence, and time to connect and to take up what was under way. */
const soon = 25_000

describe.skipIf(!hasRedis())('a notifier whose Redis falls silent without closing a connection', () => {
  test('is not cut off while it waits for work, and goes on by itself after its peer has vanished for good', async () => {
    await using stage = await openStage()
    const { database, redis, smtp } = stage
    await using queue = openQueueContent(redis)
    await using proxy = await startProxy({ targetPort: redis.port })
    await stage.start('listener')
    const notifier = await stage.start('notifier', { QUEUE_URL: throughProxy(redis.url, proxy), ...unhurried })
    await addPendingReminders(database, ROWS)
    await allSent(database, ROWS)
    // Idle: BullMQ waits ten seconds in one command, again and again, on the connections that it has.
    const { accepted } = proxy.counters
    const waits = await queue.calls('bzpopmin')
    await waitFor('a whole wait', async () => (await queue.calls('bzpopmin')) >= waits + 2, { deadlineMs: 25_000 })
    expect(proxy.counters.accepted).toBe(accepted)
    expect(notifier.events('connection_error')).toEqual([])

    proxy.forsake()
    await addPendingReminders(database, ROWS)
    await waitFor('all to be queued', async () => (await countOf(database, 'queued')) === ROWS)
    await allSent(database, 2 * ROWS, soon)
    expectEachOnce(smtp, 2 * ROWS)
    expect(proxy.counters.accepted).toBeGreaterThan(accepted)
    expect(await notifier.stop({ deadlineMs: 12_000 })).toEqual({ code: 0, signal: null })
  })

  test('loses nothing of what was under way, and goes on when new connections are answered again', async () => {
    await using stage = await openStage()
    const { database, redis, smtp } = stage
    await using proxy = await startProxy({ targetPort: redis.port })
    const slow = smtp.script({ at: 'end', act: { delayMs: 500 } })
    await stage.start('listener')
    const url = { QUEUE_URL: throughProxy(redis.url, proxy) }
    const notifier = await stage.start('notifier', { ...url, ...unhurried })
    await addPendingReminders(database, 2 * ROWS)
    await waitFor('sends under way', () => slow.hits > 0)
    proxy.forsake()
    proxy.stall(true)
    const { accepted } = proxy.counters
    await waitFor('what was under way to be sent', async () => (await countOf(database, 'sending')) === 0)
    expect(await countOf(database, 'queued')).toBeGreaterThan(0)
    // It asks for new connections, and these are silent as well.
    await waitFor('a new connection', () => proxy.counters.accepted > accepted, { deadlineMs: soon })
    proxy.stall(false)
    await allSent(database, 2 * ROWS, soon)
    expectEachOnce(smtp, 2 * ROWS)
    expect(notifier.isRunning()).toBe(true)
  })
})
