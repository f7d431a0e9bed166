import { describe, expect, test, vi } from 'vitest'
import type { Database } from '../support/database.ts'
import { startProxy } from '../support/proxy.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { throughProxy } from './addresses.ts'
import { openQueueContent } from './queue-content.ts'
import { addPendingReminders, allSent, countOf, expectEachOnce, keysOf, openStage, waitingClaims } from './stage.ts'

/** The statement alone, as it ends on the wire: a claim names synchronous_commit as well. */
const commit = 'commit\0'

vi.setConfig({ testTimeout: 60_000 })

describe.skipIf(!hasRedis())('a listener in trouble around its commit', () => {
  test('killed between addBulk and commit it leaves all rows pending, and its jobs are not added twice', async () => {
    await using stage = await openStage()
    const { database, redis, smtp } = stage
    await using queue = openQueueContent(redis)
    await using proxy = await startProxy({ targetPort: Number(new URL(database.url).port), protocol: 'postgres' })
    await addPendingReminders(database, 600)

    proxy.delayUpstream(60_000, commit)
    const doomed = await stage.start('listener', {
      DATABASE_URL: throughProxy(database.url, proxy),
      QUEUE_WINDOW: '400',
    })
    // The first commit on its way may be that of the other route, which has claimed nothing.
    await waitFor('the jobs to be added', async () => (await queue.jobIds('prioritized')).length === 400)
    await waitFor('a commit on its way', () => proxy.counters.delayed > 0)
    expect(await countOf(database, 'queued')).toBe(0)
    await doomed.kill()
    expect(await countOf(database, 'pending')).toBe(600)

    const heir = await stage.start('listener')
    await waitFor('all to be queued', async () => (await countOf(database, 'queued')) === 600)
    expect(await queue.jobIds()).toEqual(await keysOf(database))
    expect((await queue.events('added')).length).toBe(600)
    await stage.start('notifier')
    await allSent(database, 600)
    expectEachOnce(smtp, 600)
    expect(heir.events('jobs_lost')).toEqual([])
  })

  test('killed right after a commit it leaves the batch to the notifier and the rest to its heir', async () => {
    await using stage = await openStage()
    const { database, redis, smtp } = stage
    await using queue = openQueueContent(redis)
    await using proxy = await startProxy({ targetPort: Number(new URL(database.url).port), protocol: 'postgres' })
    await addPendingReminders(database, 600)

    const doomed = await stage.start('listener', {
      DATABASE_URL: throughProxy(database.url, proxy),
      QUEUE_WINDOW: '400',
    })
    proxy.delayUpstream(200, commit)
    await waitFor('the commit', async () => (await countOf(database, 'queued')) === 400, { intervalMs: 2 })
    await doomed.kill()
    expect(await countOf(database, 'pending')).toBe(200)

    await stage.start('notifier')
    await waitFor('what was committed to be sent', async () => (await countOf(database, 'sent')) === 400)
    await stage.start('listener')
    await allSent(database, 600)
    expectEachOnce(smtp, 600)
    expect(await queue.jobIds()).toEqual(await keysOf(database))
  })

  test('survives that PostgreSQL ends its connection in the middle of a claim', async () => {
    await using stage = await openStage()
    const { database, redis, smtp } = stage
    await using queue = openQueueContent(redis)
    const listener = await stage.start('listener')
    await waitFor('the queue to be open', () => queue.hasSentinel())
    redis.pause()
    await addPendingReminders(database, 100)
    await waitFor('a claim that waits for Redis', async () => (await endClaims(database)) > 0, { intervalMs: 5 })
    await listener.waitForEvent('dispatch_failed')
    redis.resume()
    await listener.waitForEvent('dispatch_recovered')
    await stage.start('notifier')
    await allSent(database, 100)
    expectEachOnce(smtp, 100)
  })

  test('with every COMMIT 50 ms late nothing is lost, although jobs run before their claim has committed', async () => {
    await using stage = await openStage()
    const { database, redis, smtp } = stage
    await using queue = openQueueContent(redis)
    await using proxy = await startProxy({ targetPort: Number(new URL(database.url).port), protocol: 'postgres' })
    const notifier = await stage.start('notifier')
    await notifier.waitForEvent('started')
    // No audit may come to the rescue.
    const listener = await stage.start('listener', {
      DATABASE_URL: throughProxy(database.url, proxy),
      AUDIT_AFTER: '3600',
    })
    await waitFor('the queue to be open', () => queue.hasSentinel())
    proxy.delayUpstream(50, commit)
    await addPendingReminders(database, 1_000)

    const isAhead = async () =>
      (await queue.jobIds('active')).length > 0 && (await countOf(database, 'pending')) === 1_000
    await waitFor('jobs that run before their claim has committed', isAhead, { intervalMs: 1 })
    await allSent(database, 1_000)
    expectEachOnce(smtp, 1_000)
    expect(proxy.counters.delayed).toBeGreaterThan(0)
    expect(notifier.events('skipped')).toEqual([])
    expect(listener.events('jobs_lost')).toEqual([])
  })
})

async function endClaims(database: Database): Promise<number> {
  const { rowCount } = await database.query(`select pg_terminate_backend(pid) from (${waitingClaims}) as claims`)
  return rowCount ?? 0
}
