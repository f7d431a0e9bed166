import {
  type BackendFactory,
  type ConnectionOptions,
  createPostgresBackend,
  type Processor,
  Queue,
  type RedisQueueBackend,
  Worker,
  type WorkerOptions,
} from 'bullmq'
import { Cluster, Redis } from 'ioredis'
import type { Pool } from 'pg'
import { openPool } from './pool.ts'
import { watchCopies } from './redis-copies.ts'

/** The queue of reminders. Its jobs carry ids only (contracts/reminder-job.ts). */
export const reminderQueueName = 'reminders'

/** In a cluster all keys of a queue must lie in one slot, hence the braces. */
const prefix = '{mentor-expiry}'

export type QueueConnection = {
  kind: 'redis' | 'postgres'
  openQueue(): Queue
  openWorker(processor: Processor, options: Omit<WorkerOptions, 'connection' | 'prefix'>): Worker
  /** The server itself, for questions that BullMQ does not answer in bulk. */
  server: { kind: 'redis'; redis: Redis | Cluster } | { kind: 'postgres'; pool: Pool }
  close(): Promise<void>
}

export type QueueConnectionOptions = {
  url: string
  /** A producer gives up at once; a worker waits for its server for ever. */
  role: 'producer' | 'worker'
  name: string
  /** Statements at a time, where the queue lives in PostgreSQL. */
  connections: number
  onError: (error: unknown) => void
}

/** Longest that the producer waits for one command, in milliseconds. */
export const producerPatience = 2_000

/**
 * Connects to the server of the queue. The producer has no offline queue and one retry a command: what it could not
 * hand over at once stays in the table, and is not delivered long after the claim was given up.
 */
export function connectQueue(options: QueueConnectionOptions): QueueConnection {
  return options.url.startsWith('postgres') ? onPostgres(options) : onRedis(options)
}

function onRedis(options: QueueConnectionOptions): QueueConnection {
  let closed = false
  const redis = connectRedis(options, () => closed)
  redis.on('error', options.onError)
  const endAll = watchCopies(redis)
  const settings = { connection: redis as ConnectionOptions, prefix }
  return {
    kind: 'redis',
    openQueue: () => new Queue(reminderQueueName, settings),
    openWorker: (processor, more) => new Worker(reminderQueueName, processor, { ...settings, ...more }),
    server: { kind: 'redis', redis },
    async close() {
      closed = true
      endAll()
    },
  }
}

function connectRedis({ url, role, name }: QueueConnectionOptions, isClosed: () => boolean): Redis | Cluster {
  const patience =
    role === 'producer'
      ? { enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: producerPatience }
      : { maxRetriesPerRequest: null }
  const settings = {
    ...patience,
    connectTimeout: producerPatience,
    connectionName: name,
    retryStrategy: (times: number) => (isClosed() ? null : Math.min(100 * times, 2_000)),
  }
  const cluster = /^redis-cluster:\/\/(.+)$/.exec(url)
  if (!cluster?.[1]) return new Redis(url, settings)
  return new Cluster(
    cluster[1].split(',').map((host) => `redis://${host}`),
    { redisOptions: settings, clusterRetryStrategy: settings.retryStrategy, enableOfflineQueue: role === 'worker' },
  )
}

// BullMQ types its classes by their backend; ours are used through what the two backends have in common.
const postgresBackend = createPostgresBackend as unknown as BackendFactory<RedisQueueBackend, ConnectionOptions>

function onPostgres({ url, role, name, connections, onError }: QueueConnectionOptions): QueueConnection {
  const pool = openPool({
    url,
    name,
    max: connections + 1, // BullMQ keeps one of them for LISTEN
    // The queue holds hints: what a crash takes from it the audit finds, so its commits need not wait for the disk.
    options: '-c search_path=bullmq -c synchronous_commit=off',
    onError,
    ...(role === 'producer' && { patience: producerPatience }),
  })
  const settings = { connection: pool as unknown as ConnectionOptions, prefix }
  return {
    kind: 'postgres',
    openQueue: () => new Queue(reminderQueueName, settings, postgresBackend),
    openWorker: (processor, more) =>
      new Worker(reminderQueueName, processor, { ...settings, ...more }, postgresBackend),
    server: { kind: 'postgres', pool },
    async close() {
      await pool.end()
    },
  }
}
