import {
  type BackendFactory,
  type ConnectionOptions,
  createPostgresBackend,
  type Processor,
  Queue,
  RedisConnection,
  type RedisQueueBackend,
  Worker,
  type WorkerOptions,
} from 'bullmq'
import { Cluster, Redis } from 'ioredis'
import type { Pool } from 'pg'
import { tellWhyNodesFail } from './cluster-failures.ts'
import { isClusterUrl, parseClusterUrl } from './cluster-url.ts'
import { type QueueKind, queueKindOf } from './connected-services.ts'
import { pause } from './pause.ts'
import { openPool } from './pool.ts'
import { watchCopies } from './redis-copies.ts'
import type { ServerAddress } from './server-address.ts'

/** The oldest version of Redis that BullMQ works well on. */
export const oldestRedis = [6, 2] as const

/** In a cluster all keys of a queue must lie in one slot, hence the braces. */
const prefix = '{mentor-expiry}'

export type QueueConnection = {
  kind: QueueKind
  openQueue(name: string): Queue
  openWorker(name: string, processor: Processor, options: Omit<WorkerOptions, 'connection' | 'prefix'>): Worker
  /**
   * Resolves when the server answers; rejects with the signal's reason. BullMQ's first command fails, and its failure is
   * remembered for ever, on a connection that is not ready: nothing of it is built before. `onFailure` hears of each attempt.
   */
  ready(onFailure: (error: unknown) => void, signal: AbortSignal): Promise<void>
  /** Resolves once the server takes what a worker asks of it, and rejects with its refusal. Changes nothing. */
  takesWork(): Promise<void>
  /** Whether somebody has paused the queue of this name. Changes nothing. */
  isPaused(name: string): Promise<boolean>
  /** The server itself, for questions that BullMQ does not answer in bulk. */
  server: { kind: 'redis'; redis: Redis | Cluster } | { kind: 'postgres'; pool: Pool }
  close(): Promise<void>
}

export type QueueConnectionOptions = ServerAddress & {
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
 * Milliseconds without a byte after which a worker's connection with commands under way counts as dead: its server may have
 * vanished without a word. Longer than BullMQ blocks in one command, which is 10 s at most, so that none is cut while it waits.
 */
const silence = 15_000

/** Milliseconds that a worker waits for one statement, where the queue lives in PostgreSQL. */
const workerPatience = 30_000

/**
 * Connects to the server of the queue. The producer has no offline queue and one retry a command: what it could not
 * hand over at once stays in the table, and is not delivered long after the claim was given up.
 */
export function connectQueue(options: QueueConnectionOptions): QueueConnection {
  return queueKindOf(options) === 'postgres' ? onPostgres(options) : onRedis(options)
}

/** Of a queue that is asked one thing: it writes nothing of itself. */
const readOnly = { skipMetasUpdate: true }

async function isPaused(queue: Queue): Promise<boolean> {
  queue.on('error', () => undefined) // rejects what is asked as well
  try {
    return await queue.isPaused()
  } finally {
    await queue.close()
  }
}

/**
 * BullMQ does not look at its server: what it finds wrong with its version or eviction policy it prints beside the JSON log, and
 * `doctor` and the checks at the start tell that better. It then takes the server to be of its oldest version, for which it waits
 * in whole seconds, so that a delayed job may begin a second late: hence the version that we demand.
 */
const withoutLook = { skipVersionCheck: true }
const assumedRedis = `${oldestRedis.join('.')}.0`

/** A script that may write and finds nothing to: refused where BullMQ's are, by a replica or a full server for example. */
const vainWrite = `redis.call('SET', KEYS[1], '', 'XX')`

function onRedis(options: QueueConnectionOptions): QueueConnection {
  RedisConnection.minimumVersion = assumedRedis
  let closed = false
  const redis = connectRedis(options, () => closed)
  redis.on('error', options.onError)
  const endAll = watchCopies(redis)
  const settings = { connection: redis as ConnectionOptions, prefix, ...withoutLook }
  return {
    kind: 'redis',
    openQueue: (name) => new Queue(name, settings),
    openWorker: (name, processor, more) => new Worker(name, processor, { ...settings, ...more }),
    ready: (onFailure, signal) => untilReady(redis, onFailure, signal),
    async takesWork() {
      await redis.eval(vainWrite, 1, `${prefix}:vain`)
    },
    isPaused: (name) => isPaused(new Queue(name, { ...settings, ...readOnly })),
    server: { kind: 'redis', redis },
    async close() {
      closed = true
      endAll()
    },
  }
}

function connectRedis({ url, tls, role, name }: QueueConnectionOptions, isClosed: () => boolean): Redis | Cluster {
  const patience =
    role === 'producer'
      ? { enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: producerPatience }
      : { maxRetriesPerRequest: null, socketTimeout: silence }
  const settings = {
    ...patience,
    connectTimeout: producerPatience,
    keepAlive: 10_000,
    connectionName: name,
    retryStrategy: (times: number) => (isClosed() ? null : Math.min(100 * times, 2_000)),
  }
  if (!isClusterUrl(url)) return new Redis(url, { ...settings, ...(tls && { tls }) })
  const address = parseClusterUrl(url)
  if (!address) throw new Error('the URL of the Redis Cluster is malformed')
  const { nodes, tls: isEncrypted, ...signIn } = address
  const cluster = new Cluster(nodes, {
    redisOptions: { ...settings, ...signIn, ...(isEncrypted && { tls: tls ?? {} }) },
    clusterRetryStrategy: settings.retryStrategy,
    enableOfflineQueue: role === 'worker',
    // Left to each connection: a certificate names the host, not the address that it resolves to.
    ...(isEncrypted && { dnsLookup: (host, callback) => callback(null, host) }),
  })
  tellWhyNodesFail(cluster)
  return cluster
}

type Connecting = {
  status: string
  on(event: 'ready' | 'error', listener: (error?: unknown) => void): unknown
  off(event: 'ready' | 'error', listener: (error?: unknown) => void): unknown
}

function untilReady(redis: Connecting, onFailure: (error: unknown) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      redis.off('ready', settle)
      redis.off('error', onFailure)
      signal.removeEventListener('abort', settle)
      if (signal.aborted) reject(signal.reason)
      else resolve()
    }
    if (signal.aborted || redis.status === 'ready') return settle()
    redis.on('ready', settle)
    redis.on('error', onFailure)
    signal.addEventListener('abort', settle, { once: true })
  })
}

// BullMQ types its classes by their backend; ours are used through what the two backends have in common.
const postgresBackend = createPostgresBackend as unknown as BackendFactory<RedisQueueBackend, ConnectionOptions>

/** Refused where BullMQ's statements are: without its tables or the right to change them, and where nothing may be written. */
const vainLock = { text: 'select from job where false for update', query_timeout: 3_000 }

function onPostgres({ role, connections, ...options }: QueueConnectionOptions): QueueConnection {
  const pool = openPool({
    ...options,
    max: connections + 1, // BullMQ keeps one of them for LISTEN
    // The queue holds hints: what a crash takes from it the audit finds, so its commits need not wait for the disk.
    options: '-c search_path=bullmq -c synchronous_commit=off',
    patience: role === 'producer' ? producerPatience : workerPatience,
  })
  const settings = { connection: pool as unknown as ConnectionOptions, prefix }
  return {
    kind: 'postgres',
    openQueue: (name) => new Queue(name, settings, postgresBackend),
    openWorker: (name, processor, more) => new Worker(name, processor, { ...settings, ...more }, postgresBackend),
    async ready(onFailure, signal) {
      for (;;) {
        try {
          await pool.query('select from migration limit 1')
          return
        } catch (error) {
          signal.throwIfAborted()
          onFailure(error)
          await pause(500, signal)
          signal.throwIfAborted()
        }
      }
    },
    async takesWork() {
      await pool.query(vainLock)
    },
    isPaused: (name) => isPaused(new Queue(name, { ...settings, ...readOnly }, postgresBackend)),
    server: { kind: 'postgres', pool },
    async close() {
      await pool.end()
    },
  }
}
