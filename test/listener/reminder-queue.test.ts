import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { migrateQueue } from '../../cli/migrate/queue.ts'
import { reminderJobId } from '../../contracts/reminder-job.ts'
import { connectQueue } from '../../runtime/queue.ts'
import { openReminderQueue } from '../../services/listener/reminder-queue.ts'
import { freshDatabase } from '../support/database.ts'
import { startRedis } from '../support/redis.ts'
import { hasRedis } from '../support/servers.ts'

const onError = () => undefined
const jobs = [1, 2, 3].map((id) => ({ id, generation: 0, thresholdDay: 30 }))

/** Both backends keep their jobs in a layout of BullMQ's own, which the audit reads in bulk. */
async function expectLostToBeFound(url: string): Promise<void> {
  const connection = connectQueue({ url, role: 'worker', name: 'test', connections: 2, onError })
  const queue = await openReminderQueue({ url, onError })
  const inside = connection.openQueue()
  try {
    await queue.add(jobs)
    expect(await queue.findLost(jobs)).toEqual([])
    await inside.remove(reminderJobId({ id: 2, generation: 0 }))
    const worker = connection.openWorker(async () => undefined, { concurrency: 1 })
    await new Promise<void>((resolve) => worker.once('drained', () => resolve()))
    await worker.close()
    await queue.add([{ id: 4, generation: 0, thresholdDay: 7 }])
    const lost = await queue.findLost([...jobs, { id: 4, generation: 0 }])
    expect(lost.map(({ id }) => id)).toEqual([1, 2, 3])
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
    const queue = await openReminderQueue({ url: redis.url, onError })
    const client = new Redis(redis.url)
    try {
      await queue.add(jobs)
      expect(await client.zrem('{mentor-expiry}:reminders:prioritized', '2-0')).toBe(1)
      expect((await queue.findLost(jobs)).map(({ id }) => id)).toEqual([2])
    } finally {
      client.disconnect()
      await queue.close()
    }
  })
})
