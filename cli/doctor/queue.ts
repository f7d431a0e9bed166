import { Cluster, type Redis } from 'ioredis'
import type { Pool, PoolClient } from 'pg'
import { portalQueue } from '../../contracts/portal-job.ts'
import { reminderQueue } from '../../contracts/reminder-job.ts'
import { summarise } from '../../runtime/errors.ts'
import { aborted, atMost } from '../../runtime/pause.ts'
import { connectQueue, oldestRedis, type QueueConnection } from '../../runtime/queue.ts'
import type { ServerAddress } from '../../runtime/server-address.ts'
import { serverRefusalOf } from '../server-refusals.ts'
import { tlsRemedy, type UrlVariable } from '../tls-remedy.ts'
import { remedyFor } from './connections.ts'
import { checkEncryption, describeSocket } from './encryption.ts'
import { advise, type Finding, fail, pass, skip } from './finding.ts'
import { readLogin } from './rights.ts'
import { spokenAt } from './wire.ts'

const patience = 5_000
const insufficientPrivilege = '42501'

/**
 * Whether the queue's server answers, over what wire, whether it keeps what it is given, and whether work goes through it;
 * `variable` says where it is.
 */
export async function checkQueue(address: ServerAddress, variable: UrlVariable): Promise<Finding[]> {
  const refused = new AbortController()
  const onError = (error: unknown) => refused.abort(error)
  const name = 'mentor-expiry doctor'
  const connection = connectQueue({ ...address, role: 'producer', name, connections: 1, onError })
  try {
    const { server } = connection
    if (server.kind === 'postgres') {
      const found = await checkPostgres(server.pool, variable)
      return found.some(({ outcome }) => outcome === 'fail')
        ? found
        : [...found, ...(await checkWork(connection, variable))]
    }
    await atMost(patience, Promise.race([ready(server.redis), aborted(refused.signal)]))
    if (server.redis.status !== 'ready') {
      const code = refused.signal.aborted ? summarise(refused.signal.reason).code : 'ETIMEDOUT'
      const words = serverRefusalOf(code, variable)?.words ?? 'Redis does not answer'
      return [fail('queue', `${words} (${code})`, await remedyForRedis(code, address.url))]
    }
    return [...(await checkRedis(server.redis)), ...(await checkWork(connection, variable))]
  } finally {
    await connection.close()
  }
}

/** Whether the queue takes jobs, and whether somebody has paused it, which nothing else shows. */
async function checkWork(connection: QueueConnection, variable: UrlVariable): Promise<Finding[]> {
  const paused: string[] = []
  try {
    await connection.takesWork()
    for (const name of [reminderQueue, portalQueue]) if (await connection.isPaused(name)) paused.push(name)
  } catch (error) {
    const { code } = summarise(error)
    const words = serverRefusalOf(code, variable)?.words ?? 'the queue takes no work'
    const remedy =
      code === insufficientPrivilege
        ? `run \`mentor-expiry migrate\` with this ${variable}: it opens the queue to expiry_service`
        : remedyFor(code, variable)
    return [fail('work', `${words} (${code})`, remedy)]
  }
  if (paused.length === 0) return [pass('work', 'taken, and no queue is paused')]
  return [
    fail(
      'work',
      `somebody has paused ${paused.join(' and ')}: nothing of it is carried out`,
      'Resume on its page of the dashboard: DASHBOARD_WRITABLE=true mentor-expiry dashboard',
    ),
  ]
}

function ready(redis: Redis | Cluster): Promise<void> {
  return redis.status === 'ready' ? Promise.resolve() : new Promise((resolve) => redis.once('ready', () => resolve()))
}

/** What a Redis that speaks TLS hears from a client that does not, and the other way round, says nothing of TLS. */
async function remedyForRedis(code: string, url: string): Promise<string> {
  const remedy = serverRefusalOf(code, 'QUEUE_URL')?.remedy ?? tlsRemedy(code, 'QUEUE_URL')
  if (remedy !== undefined) return remedy
  const isTls = url.startsWith('rediss')
  const spoken = await spokenAt(url)
  if (isTls && spoken === 'plain') {
    return 'it speaks plain text at this port: use its TLS port (tls-port); only on one machine redis:// instead'
  }
  if (!isTls && spoken === 'tls')
    return 'it speaks TLS at this port: use rediss:// (rediss-cluster://), and QUEUE_CA_FILE'
  return 'see that QUEUE_URL leads to it'
}

async function checkPostgres(pool: Pool, variable: UrlVariable): Promise<Finding[]> {
  let client: PoolClient
  try {
    client = await pool.connect()
  } catch (error) {
    const { code } = summarise(error)
    const words = serverRefusalOf(code, variable)?.words ?? 'PostgreSQL does not answer'
    return [fail('queue', `${words} (${code})`, remedyFor(code, variable))]
  }
  try {
    return [await checkEncryption('TLS', client, variable), await checkTables(client, variable)]
  } finally {
    client.release()
  }
}

async function checkTables(client: PoolClient, variable: UrlVariable): Promise<Finding> {
  const { rows } = await client.query<{ present: boolean; open: boolean }>(
    `select exists (select from pg_catalog.pg_class as c where c.relnamespace = n.oid and c.relname = 'job') as present,
            pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_schema_privilege(n.oid, 'create')
              and not exists (
                select from pg_catalog.pg_class as c, unnest(array['select', 'insert', 'update', 'delete']) as k (privilege)
                 where c.relnamespace = n.oid and c.relkind = 'r'
                   and not pg_catalog.has_table_privilege(c.oid, k.privilege)
              )
              and not exists (
                select from pg_catalog.pg_proc as p
                 where p.pronamespace = n.oid and not pg_catalog.has_function_privilege(p.oid, 'execute')
              ) as open
       from pg_catalog.pg_namespace as n where n.nspname = 'bullmq'`,
  )
  const migrate = `run \`mentor-expiry migrate\` with this ${variable}`
  if (rows[0]?.present !== true) return fail('queue', 'in PostgreSQL, and its tables are missing', migrate)
  if (rows[0].open) return pass('queue', 'in PostgreSQL, its tables are there')
  const { login, serves } = await readLogin(client)
  return fail(
    'queue',
    `in PostgreSQL, and ${login} lacks rights to its tables`,
    serves
      ? `${migrate}, as the login that made them`
      : `grant expiry_service to ${login} or, where that server has no such role, all of the schema bullmq`,
  )
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
    checkWire(redis),
  ]
}

/** Of a cluster's connections the one that is least to be trusted. */
function checkWire(redis: Redis | Cluster): Finding {
  const nodes = redis instanceof Cluster ? redis.nodes('all').filter(({ status }) => status === 'ready') : [redis]
  const found = nodes.map(({ stream, options }) => describeSocket('TLS', { stream, demands: options.tls }, 'QUEUE_URL'))
  const [first] = found
  return found.find(({ outcome }) => outcome !== 'pass') ?? first ?? skip('TLS', 'no node is connected')
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
