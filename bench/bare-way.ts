import { type ConnectionOptions, Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { Client, Pool } from 'pg'
import { withResolvers } from './countdown.ts'
import { committed } from './reminders.ts'
import { emptyQueue, type Urls } from './services.ts'

/**
 * Milliseconds from right before each commit to the moment at which a channel could be called, on the way that a reminder
 * goes: a commit that rings, a statement in the claim's place, a job through BullMQ, a commit of one row in begin's place.
 * Nothing is claimed, checked or recorded: what is left is the way itself.
 */
export async function bareLatencies({ postgresUrl, queueUrl }: Urls, changes: number): Promise<number[]> {
  await emptyQueue(queueUrl)
  const redis = new Redis(queueUrl, { maxRetriesPerRequest: null })
  const settings = { connection: redis as ConnectionOptions }
  const pool = new Pool({ connectionString: postgresUrl, max: 4 })
  const doorbell = new Client({ connectionString: postgresUrl })
  pool.on('error', () => undefined)
  doorbell.on('error', () => undefined)
  let begun = withResolvers<number>()
  const queue = new Queue('bare', settings)
  const worker = new Worker(
    'bare',
    async () => {
      await pool.query('update bare_way set n = n + 1')
      begun.resolve(performance.now())
    },
    { ...settings, concurrency: 10 },
  )
  doorbell.on('notification', () => {
    pool
      .query('select')
      .then(() => queue.add('bare', {}))
      .catch((error: unknown) => begun.reject(error))
  })
  try {
    await pool.query('create table if not exists bare_way as select 0 as n')
    await doorbell.connect()
    await doorbell.query('listen bare_way')
    await worker.waitUntilReady()
    const times: number[] = []
    for (let change = 0; change < changes; change += 1) {
      begun = withResolvers()
      const completed = new Promise((resolve) => worker.once('completed', resolve))
      const at = await committed(pool, (client) => client.query('update bare_way set n = n + 1; notify bare_way'))
      times.push((await begun.promise) - at)
      await completed
    }
    return times
  } finally {
    await worker.close()
    await queue.close()
    redis.disconnect()
    await doorbell.end()
    await pool.end()
  }
}
