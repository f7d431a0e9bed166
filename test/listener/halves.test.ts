import { describe, expect, test, vi } from 'vitest'
import { connectQueue } from '../../runtime/queue.ts'
import { addPendingReminders, countOf } from '../drills/stage.ts'
import { openPipeline } from '../pipeline/pipeline.ts'
import type { Runner } from '../support/people.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'

vi.setConfig({ testTimeout: 60_000 })
const HALF = 500

/** A pipeline on Redis, and its queue of reminders. */
async function openStage() {
  const pipeline = await openPipeline('redis')
  const { queueUrl: url } = pipeline
  const connection = connectQueue({ url, role: 'worker', name: 'test', connections: 1, onError: () => undefined })
  const { server } = connection
  if (server.kind !== 'redis') throw new Error('not on Redis')
  const queue = connection.openQueue('reminders')
  return {
    ...pipeline,
    queue,
    redis: server.redis,
    [Symbol.asyncDispose]: async () => {
      await queue.close()
      await connection.close()
      await pipeline[Symbol.asyncDispose]()
    },
  }
}

async function jobOfRow(database: Runner, place: number): Promise<string> {
  const { rows } = await database.query<{ job: string }>(
    `select id || '-' || generation as job from expiry.reminder_dispatch_log order by threshold_day, id offset $1 limit 1`,
    [place],
  )
  return rows[0]?.job ?? ''
}

describe.skipIf(!hasRedis())('a batch is claimed in two halves', () => {
  test.each([
    { half: 'first', place: 10 },
    { half: 'second', place: HALF + 10 },
  ])('of which the $half is refused by the queue: none is claimed, and later each has one job', async ({ place }) => {
    await using stage = await openStage()
    const { database, queue, redis } = stage
    const rows = 2 * HALF - 100
    await addPendingReminders(database, rows)
    // Something else under the name of one job's hash: Redis refuses that one alone.
    const obstacle = queue.toKey(await jobOfRow(database, place))
    await redis.set(obstacle, 'in the way')
    const listener = stage.startListener()
    await waitFor('a refusal', () => listener.events.some(({ kind }) => kind === 'dispatch_failed'))
    expect(await countOf(database, 'pending')).toBe(rows)
    expect(listener.events.filter(({ kind }) => kind === 'dispatched')).toEqual([])

    await redis.del(obstacle)
    await waitFor('all to be queued', async () => (await countOf(database, 'queued')) === rows)
    const jobs = await queue.getPrioritized()
    expect(jobs.length).toBe(rows)
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(rows)
  })

  test.each([
    { rows: HALF - 1, window: 2 * HALF },
    { rows: HALF, window: 2 * HALF },
    { rows: HALF + 1, window: 2 * HALF },
    { rows: 3 * HALF, window: 2 * HALF },
    { rows: 2 * HALF, window: HALF + 1 },
    { rows: 2 * HALF, window: HALF },
    { rows: 5 * HALF + 1, window: 6 * HALF },
  ])('$rows rows, of which $window have room', async ({ rows, window }) => {
    await using stage = await openStage()
    const { database, queue } = stage
    await addPendingReminders(database, rows)
    stage.startListener({ QUEUE_WINDOW: String(window) })
    const claimed = Math.min(rows, window)
    await waitFor('as many as have room', async () => (await countOf(database, 'queued')) === claimed)
    expect(await countOf(database, 'pending')).toBe(rows - claimed)
    expect(await queue.getPrioritizedCount()).toBe(claimed)
  })
})
