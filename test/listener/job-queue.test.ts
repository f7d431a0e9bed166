import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { migrateQueue } from '../../cli/migrate/queue.ts'
import { reminderQueue } from '../../contracts/reminder-job.ts'
import { connectQueue } from '../../runtime/queue.ts'
import { openJobQueue } from '../../services/listener/job-queue.ts'
import { reminders } from '../../services/listener/routes/reminders.ts'
import { freshDatabase } from '../support/database.ts'
import { startRedis } from '../support/redis.ts'
import { hasRedis } from '../support/servers.ts'

const onError = () => undefined
const jobs = [1, 2, 3].map((key) => ({ key, version: 0, priority: 30 }))

/** Both backends keep their jobs in a layout of BullMQ's own, which the audit reads in bulk. */
async function expectLostToBeFound(url: string): Promise<void> {
  const connection = connectQueue({ url, role: 'worker', name: 'test', connections: 2, onError })
  const queue = await openJobQueue({ route: reminders, url, onError })
  const inside = connection.openQueue(reminderQueue)
  try {
    await queue.add(jobs)
    expect(await queue.findLost(jobs)).toEqual([])
    await inside.remove('2-0')
    const worker = connection.openWorker(reminderQueue, async () => undefined, { concurrency: 1 })
    await new Promise<void>((resolve) => worker.once('drained', () => resolve()))
    await worker.close()
    const fresh = { key: 4, version: 0, priority: 7 }
    await queue.add([fresh])
    const lost = await queue.findLost([...jobs, fresh])
    expect(lost.map(({ key }) => key)).toEqual([1, 2, 3])
  } finally {
    await inside.close()
    await queue.close()
    await connection.close()
  }
}

describe('a job that is missing or finished is told from one that waits', () => {
  test('in PostgreSQL', async () => {
    await using database = await freshDatabase()
    await migrateQueue({ url: database.url })
    await expectLostToBeFound(database.url)
  })

  test.skipIf(!hasRedis())('in Redis', async () => {
    await using redis = await startRedis()
    await expectLostToBeFound(redis.url)
  })

  test.skipIf(!hasRedis())('in Redis also where the job is there and stands in no list', async () => {
    await using redis = await startRedis()
    const queue = await openJobQueue({ route: reminders, url: redis.url, onError })
    const client = new Redis(redis.url)
    try {
      await queue.add(jobs)
      expect(await client.zrem('{mentor-expiry}:reminders:prioritized', '2-0')).toBe(1)
      expect((await queue.findLost(jobs)).map(({ key }) => key)).toEqual([2])
    } finally {
      client.disconnect()
      await queue.close()
    }
  })
})
