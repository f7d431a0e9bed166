import { UnrecoverableError, Worker } from 'bullmq'
import { describe, expect, test, vi } from 'vitest'
import type { Database } from '../support/database.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { openQueueContent, type QueueContent } from './queue-content.ts'
import { addPendingReminders, allSent, countOf, expectEachOnce, keysOf, openStage } from './stage.ts'

vi.setConfig({ testTimeout: 60_000 })

describe.skipIf(!hasRedis())('jobs that were lost', () => {
  test('FLUSHALL with 1,000 rows queued: all are added again within 15 seconds, none twice, and each is sent once', async () => {
    await using stage = await openStage()
    const { database, redis, smtp } = stage
    await using queue = openQueueContent(redis)
    await addPendingReminders(database, 1_000)
    // The intervals that an operator gets.
    const listener = await stage.start('listener', { SWEEP_INTERVAL: '5', AUDIT_AFTER: '30' })
    await waitFor('all to be queued', async () => (await countOf(database, 'queued')) === 1_000)
    await waitFor('the sentinel', () => queue.hasSentinel())

    await queue.redis.flushall()
    expect(await queue.jobIds()).toEqual([])
    const wiped = performance.now()
    await waitFor('every job', async () => (await queue.jobIds()).length === 1_000, { deadlineMs: 15_000 })
    expect(performance.now() - wiped).toBeLessThan(15_000)
    await listener.waitForEvent('queue_wiped', { where: ({ count }) => count === 1_000 })
    expect(await queue.jobIds('prioritized')).toEqual(await keysOf(database))
    expect((await queue.events('added')).length).toBe(1_000)
    expect(await generations(database)).toEqual({ 0: 1_000 })

    await stage.start('notifier')
    await allSent(database, 1_000)
    expectEachOnce(smtp, 1_000)
  })

  test('three deleted by hand and three parked in failed are found and sent; the slow ones are left in peace', async () => {
    await using stage = await openStage()
    const { database, redis, smtp } = stage
    await using queue = openQueueContent(redis)
    await addPendingReminders(database, 60)
    // Long enough for what follows, so that the audit comes when all six are in place.
    const listener = await stage.start('listener', { SWEEP_INTERVAL: '0.3', AUDIT_AFTER: '4' })
    await waitFor('all to be queued', async () => (await countOf(database, 'queued')) === 60)
    const parked = await failThree(redis.url, queue)
    const deleted = (await queue.jobIds('prioritized')).slice(-3)
    for (const id of deleted) await queue.lose(id)
    expect(await generations(database)).toEqual({ 0: 60 })

    await waitFor('the audit', async () => (await generations(database))[1] === 6)
    const again = (await keysOf(database)).filter((key) => key.endsWith('-1'))
    expect(again).toEqual([...parked, ...deleted].map((id) => id.replace(/-0$/, '-1')).sort())
    await waitFor('their new jobs', async () => (await queue.jobIds('prioritized')).length === 60)
    // 54 slow ones have been waiting for longer than the audit's patience, and more audits pass over them.
    const before = await queue.calls('hmget')
    await waitFor('three more audits of all', async () => (await queue.calls('hmget')) >= before + 3 * 54)
    expect(await generations(database)).toEqual({ 0: 54, 1: 6 })
    expect(listener.events('jobs_lost').reduce((sum, { count }) => sum + Number(count), 0)).toBe(6)

    await stage.start('notifier')
    await allSent(database, 60)
    expectEachOnce(smtp, 60)
  })
})

/** Takes three jobs and fails them for good; BullMQ keeps them as failed. */
async function failThree(url: string, queue: QueueContent): Promise<string[]> {
  const { hostname, port } = new URL(url)
  const connection = { host: hostname, port: Number(port), maxRetriesPerRequest: null }
  // Without a processor: a running worker would have a fourth job before it could be stopped.
  const worker = new Worker('reminders', null, { connection, prefix: '{mentor-expiry}', autorun: false })
  try {
    for (let parked = 0; parked < 3; parked += 1) {
      const job = await worker.getNextJob('by-hand', { block: false })
      if (!job) throw new Error('there is no job to park')
      await job.moveToFailed(new UnrecoverableError('parked by hand'), 'by-hand', false)
    }
  } finally {
    await worker.close()
  }
  return await queue.jobIds('failed')
}

async function generations(database: Database): Promise<Record<number, number>> {
  const { rows } = await database.query<{ generation: number; count: number }>(
    'select generation, count(*)::integer as count from expiry.reminder_dispatch_log group by generation',
  )
  return Object.fromEntries(rows.map(({ generation, count }) => [generation, count]))
}
