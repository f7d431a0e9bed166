import type { Queue } from 'bullmq'
import type { Cluster, Redis } from 'ioredis'
import type { Pool } from 'pg'
import { connectQueue, producerPatience, type QueueConnection } from '../../runtime/queue.ts'
import type { ServerAddress } from '../../runtime/server-address.ts'
import type { Route, Row } from './routes/route.ts'

/** The producer's side of a route's queue. Every call answers within two seconds, or rejects. */
export type JobQueue = {
  /** Adds one job a row; a job whose id the queue holds already is not added again. */
  add(rows: Row[]): Promise<void>
  /** False when the queue has lost the far-delayed job that stands guard in it: then it was wiped. */
  hasSentinel(): Promise<boolean>
  addSentinel(): Promise<void>
  /** How many jobs wait for a worker, whether or not a row still waits for them. */
  countWaiting(): Promise<number>
  /** Of these rows, those whose job the queue lacks or has finished: proof that nobody will work on them. */
  findLost(rows: Row[]): Promise<Row[]>
  close(): Promise<void>
}

const sentinelId = 'sentinel'
const tenYears = 10 * 365 * 86_400_000

/**
 * BullMQ's own attempts are a net for faults of this program; outcomes and their delays belong to the table. Finished
 * jobs stay for a while, so that Bull Board has something to show. In PostgreSQL without a limit of their number: BullMQ
 * 6.7 keeps it by reading as many finished jobs again at each completion, which made the queue five times slower.
 */
function jobOptionsOn({ kind }: QueueConnection) {
  const limit = kind === 'redis' ? { count: 5_000 } : {}
  return {
    attempts: 20,
    backoff: { type: 'fixed', delay: 5_000 },
    removeOnComplete: { age: 3_600, ...limit },
    removeOnFail: { age: 7 * 86_400, ...limit },
  }
}

/** Opens the producer's side of the queue and waits until it answers; rejects when it does not in time. */
export async function openJobQueue({
  route,
  ...options
}: ServerAddress & { route: Route; onError: (error: unknown) => void }): Promise<JobQueue> {
  const connection = connectQueue({
    ...options,
    role: 'producer',
    name: 'mentor-expiry listener queue',
    connections: 2,
  })
  const queue = await openQueue(connection, route.queue, options.onError)
  const jobOptions = jobOptionsOn(connection)
  const close = async () => {
    await within(queue.close()).catch(options.onError)
    await connection.close()
  }
  return {
    async add(rows) {
      const jobs = rows.map((row) => {
        const { name, id, data } = route.job(row)
        return { name, data, opts: { ...jobOptions, jobId: id, priority: row.priority } }
      })
      const [first, ...others] = jobs
      // A lone one, which somebody may be waiting for, goes without the transaction that a bulk takes.
      if (first && others.length === 0) await within(queue.add(first.name, first.data, first.opts))
      else await within(queue.addBulk(jobs))
    },
    async hasSentinel() {
      return (await within(queue.getJob(sentinelId))) !== undefined
    },
    async addSentinel() {
      await within(queue.add('sentinel', {}, { jobId: sentinelId, delay: tenYears }))
    },
    countWaiting: () => within(countWaiting(connection, queue)),
    async findLost(rows) {
      if (rows.length === 0) return []
      const ids = rows.map((row) => route.job(row).id)
      const alive = await within(findAlive(connection, queue, ids))
      return rows.filter((_, index) => !alive.has(ids[index] ?? ''))
    },
    close,
  }
}

async function openQueue(connection: QueueConnection, name: string, onError: (error: unknown) => void): Promise<Queue> {
  try {
    await ready(connection)
    const queue = connection.openQueue(name)
    queue.on('error', onError)
    await within(queue.waitUntilReady())
    return queue
  } catch (error) {
    await connection.close()
    throw error
  }
}

/** BullMQ's own counts read every finished job as well, where the queue lives in PostgreSQL. */
async function countWaiting({ server }: QueueConnection, queue: Queue): Promise<number> {
  if (server.kind === 'postgres') {
    const { rows } = await server.pool.query<{ count: number }>(
      `select count(*)::integer as count from job where queue = $1 and state = 'waiting'`,
      [queue.name],
    )
    return rows[0]?.count ?? 0
  }
  const { redis } = server
  const counts = await Promise.all([
    redis.llen(queue.toKey('wait')),
    redis.llen(queue.toKey('paused')),
    redis.zcard(queue.toKey('prioritized')),
  ])
  return counts.reduce((sum, count) => sum + count, 0)
}

function findAlive({ server }: QueueConnection, queue: Queue, ids: string[]): Promise<Set<string>> {
  return server.kind === 'postgres'
    ? findAliveInPostgres(server.pool, queue, ids)
    : findAliveInRedis(server.redis, queue, ids)
}

async function findAliveInPostgres(pool: Pool, queue: Queue, ids: string[]): Promise<Set<string>> {
  const { rows } = await pool.query<{ id: string }>(
    'select id from job where queue = $1 and id = any ($2) and finished_at_ms is null',
    [queue.name, ids],
  )
  return new Set(rows.map((row) => row.id))
}

/**
 * A job's hash alone is no proof of life: a worker finds it by the list that it stands in. Read in one transaction, or a
 * job on its way from one list to the next would be in neither.
 */
async function findAliveInRedis(redis: Redis | Cluster, queue: Queue, ids: string[]): Promise<Set<string>> {
  const reading = redis.multi()
  for (const list of ['active', 'wait', 'paused']) reading.lrange(queue.toKey(list), 0, -1)
  for (const id of ids) {
    reading.hmget(queue.toKey(id), 'timestamp', 'finishedOn')
    reading.zscore(queue.toKey('prioritized'), id)
    reading.zscore(queue.toKey('delayed'), id)
  }
  const answers = ((await reading.exec()) ?? []).map(([error, answer]) => {
    if (error) throw error
    return answer
  })
  const listed = new Set(answers.splice(0, 3).flat())
  return new Set(
    ids.filter((id, index) => {
      const [fields, prioritized, delayed] = answers.slice(3 * index, 3 * index + 3)
      const isWhole = Array.isArray(fields) && fields[0] !== null && fields[1] === null
      return isWhole && (prioritized !== null || delayed !== null || listed.has(id))
    }),
  )
}

/** Rejects with what the server, or the way to it, has said last, where it is not ready in time. */
async function ready(connection: QueueConnection): Promise<void> {
  const enough = new AbortController()
  let failure: unknown
  const onFailure = (error: unknown) => {
    failure = error
  }
  try {
    await within(connection.ready(onFailure, enough.signal))
  } catch (error) {
    throw failure ?? error
  } finally {
    enough.abort()
  }
}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(Object.assign(new Error('the queue did not answer in time'), { code: 'queue_timeout' })),
      producerPatience,
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
