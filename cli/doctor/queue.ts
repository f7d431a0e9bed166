import { Cluster, type Redis } from 'ioredis'
import type { Pool } from 'pg'
import { summarise } from '../../runtime/errors.ts'
import { aborted, atMost } from '../../runtime/pause.ts'
import { connectQueue } from '../../runtime/queue.ts'
import { advise, type Finding, fail, pass } from './finding.ts'

const patience = 5_000
const oldestRedis = [6, 2] as const

/** Whether the queue's server answers and keeps what it is given. */
export async function checkQueue(queueUrl: string): Promise<Finding[]> {
  const refused = new AbortController()
  const onError = (error: unknown) => refused.abort(error)
  const name = 'mentor-expiry doctor'
  const connection = connectQueue({ url: queueUrl, role: 'producer', name, connections: 1, onError })
  try {
    const { server } = connection
    if (server.kind === 'postgres') return await checkPostgres(server.pool)
    await atMost(patience, Promise.race([ready(server.redis), aborted(refused.signal)]))
    if (server.redis.status !== 'ready') {
      const code = refused.signal.aborted ? summarise(refused.signal.reason).code : 'ETIMEDOUT'
      return [fail('queue', `Redis does not answer (${code})`, 'see that QUEUE_URL leads to it')]
    }
    return await checkRedis(server.redis)
  } finally {
    await connection.close()
  }
}

function ready(redis: Redis | Cluster): Promise<void> {
  return redis.status === 'ready' ? Promise.resolve() : new Promise((resolve) => redis.once('ready', () => resolve()))
}

async function checkPostgres(pool: Pool): Promise<Finding[]> {
  const { rows } = await pool.query<{ present: boolean }>(
    `select pg_catalog.to_regclass('bullmq.job') is not null as present`,
  )
  if (rows[0]?.present === true) return [pass('queue', 'in PostgreSQL, its tables are there')]
  return [fail('queue', 'in PostgreSQL, and its tables are missing', 'run `mentor-expiry migrate` with this QUEUE_URL')]
}

async function checkRedis(redis: Redis | Cluster): Promise<Finding[]> {
  const info = parseInfo(await redis.info())
  const version = info.get('redis_version') ?? 'unknown'
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isOld = major < oldestRedis[0] || (major === oldestRedis[0] && minor < oldestRedis[1])
  const policy = info.get('maxmemory_policy') ?? 'unknown'
  const kind = redis instanceof Cluster ? 'Redis Cluster' : 'Redis'
  return [
    isOld
      ? fail('queue', `${kind} ${version}`, `BullMQ needs Redis ${oldestRedis.join('.')} or newer`)
      : pass('queue', `${kind} ${version}`),
    policy === 'noeviction'
      ? pass('eviction', policy)
      : fail(
          'eviction',
          `maxmemory-policy is ${policy}: a full Redis would drop jobs at will`,
          'set maxmemory-policy noeviction',
        ),
    await checkPersistence(redis, info),
  ]
}

async function checkPersistence(redis: Redis | Cluster, info: Map<string, string>): Promise<Finding> {
  if (info.get('aof_enabled') === '1') return pass('persistence', 'append-only file')
  const save = await snapshots(redis)
  if (save === undefined) return pass('persistence', 'managed; this server does not tell its settings')
  const lost = 'what a crash of Redis takes is added again within a sweep, and jobs under way are sent by their lease'
  if (save !== '') return pass('persistence', `snapshots (${save}); ${lost}`)
  return advise('persistence', `none; ${lost}`, 'set appendonly yes to spare the notifiers that work')
}

/** Redis's `save` setting, or undefined where CONFIG is not to be had, as with most hosts. */
async function snapshots(redis: Redis | Cluster): Promise<string | undefined> {
  try {
    const answer = await redis.config('GET', 'save')
    return Array.isArray(answer) ? String(answer[1] ?? '') : undefined
  } catch {
    return undefined
  }
}

function parseInfo(text: string): Map<string, string> {
  return new Map(
    text
      .split('\r\n')
      .map((line) => line.split(':'))
      .flatMap(([key, ...value]) => (key && value.length > 0 ? [[key, value.join(':')] as const] : [])),
  )
}
