import { Redis } from 'ioredis'
import { describe, expect, test, vi } from 'vitest'
import { migrateQueue } from '../../cli/migrate/queue.ts'
import { openStage as openWebsite } from '../portal-sync/stage.ts'
import type { Database } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'
import type { RedisServer } from '../support/redis.ts'
import { hasRedis } from '../support/servers.ts'
import type { Service } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'
import { get, metrics, seriesIn } from './metrics.ts'
import { openStage } from './stage.ts'

vi.setConfig({ testTimeout: 60_000 })

/** A trouble with the queue, how it ends, and the code that it is told with. */
type Trouble = { begin: () => Promise<unknown>; end: () => Promise<unknown>; code: string }

const troublesOfRedis: Record<string, (redis: RedisServer) => Trouble> = {
  'is stopped': ({ stop, restart }) => ({ begin: stop, end: restart, code: 'ECONNREFUSED' }),
  hangs: ({ pause, resume }) => ({ begin: async () => pause(), end: async () => resume(), code: 'ETIMEDOUT' }),
  'becomes a replica': ({ url }) => ({
    begin: () => tell(url, 'replicaof', '127.0.0.1', '1'),
    end: () => tell(url, 'replicaof', 'no', 'one'),
    code: 'READONLY',
  }),
}

async function tell(url: string, command: string, ...args: string[]): Promise<void> {
  const redis = new Redis(url)
  await redis.call(command, ...args).finally(() => redis.disconnect())
}

/** What `/readyz` answers at this port. */
const readiness = async (port: number) => {
  const { status, body = '{}' } = (await get(port, '/readyz')) ?? {}
  return { status, reasons: JSON.parse(body).reasons }
}
const untilReady = (port: number) => waitFor('to be ready', async () => (await readiness(port)).status === 200)

/** Lets the trouble come and go, and expects of a service that works to say so: in its log, to who looks, and to Prometheus. */
async function expectToTell(service: Service, port: number, { begin, end, code }: Trouble): Promise<void> {
  await service.waitForEvent('started')
  await untilReady(port)
  expect(seriesIn(await metrics(port), 'mentor_expiry_queue_up')).toBe(1)
  const from = service.log.length
  await begin()
  expect(await service.waitForEvent('queue_lost')).toMatchObject({ error: { code } })
  expect(await readiness(port)).toEqual({ status: 503, reasons: ['queue_lost'] })
  expect(seriesIn(await metrics(port), 'mentor_expiry_queue_up')).toBe(0)
  await end()
  await service.waitForEvent('queue_found', { deadlineMs: 25_000 })
  await untilReady(port)
  expect(seriesIn(await metrics(port), 'mentor_expiry_queue_up')).toBe(1)
  // The checks at its start may meet the trouble as well, or not any more.
  const said = service.log.slice(from).filter(({ msg }) => msg !== 'check_failed')
  expect([...new Set(said.map(({ msg }) => msg))]).toEqual(['queue_lost', 'queue_found'])
  // What keeps it away may become something else meanwhile; each is said once.
  const lines = said.map(({ msg, error }) => `${msg} ${JSON.stringify(error)}`)
  expect(new Set(lines).size).toBe(lines.length)
}

describe.skipIf(!hasRedis())('a service at the log level of every day whose queue', () => {
  test.each(Object.keys(troublesOfRedis))('%s says so once, a notifier, and once that it is back', async (name) => {
    await using stage = await openStage()
    const port = await freePort()
    const notifier = await stage.start('notifier', { NOTIFIER_HTTP: `127.0.0.1:${port}`, LOG_LEVEL: 'info' })
    const trouble = troublesOfRedis[name]?.(stage.redis)
    if (trouble) await expectToTell(notifier, port, trouble)
  })

  test('in PostgreSQL becomes read-only says so, a notifier', async () => {
    await using stage = await openStage()
    const { database } = stage
    await migrateQueue({ url: database.url })
    const port = await freePort()
    const env = { QUEUE_URL: database.url, NOTIFIER_HTTP: `127.0.0.1:${port}`, LOG_LEVEL: 'info' }
    const notifier = await stage.start('notifier', env)
    await expectToTell(notifier, port, {
      begin: () => letQueueWrite(database, false),
      end: () => letQueueWrite(database, true),
      code: '25006',
    })
  })

  test('is stopped says so, a portal-sync, and one that stands by as well', async () => {
    await using stage = await openWebsite()
    for (const event of ['gate_opened', 'standing_by']) {
      const port = await freePort()
      const env = { PORTAL_SYNC_HTTP: `127.0.0.1:${port}`, LOG_LEVEL: 'info' }
      const service = await stage.startProcess('portal-sync', env)
      await service.waitForEvent(event)
      const { stop, restart } = stage.redis
      await expectToTell(service, port, { begin: stop, end: restart, code: 'ECONNREFUSED' })
    }
  })

  test('is stopped says so, a listener, although it has nothing to add', async () => {
    await using stage = await openStage()
    const port = await freePort()
    const listener = await stage.start('listener', { LISTENER_HTTP: `127.0.0.1:${port}`, LOG_LEVEL: 'info' })
    await untilReady(port)
    await stage.redis.stop()
    await listener.waitForEvent('dispatch_failed', { where: ({ route }) => route === 'portal' })
    await listener.waitForEvent('dispatch_failed', { where: ({ route }) => route === 'reminders' })
    const reasons = ['dispatch_failed:reminders', 'dispatch_failed:portal']
    expect((await readiness(port)).reasons).toEqual(expect.arrayContaining(reasons))
    await stage.redis.restart()
    await listener.waitForEvent('dispatch_recovered', { where: ({ route }) => route === 'portal' })
    await listener.waitForEvent('dispatch_recovered', { where: ({ route }) => route === 'reminders' })
    await untilReady(port)
  })
})

/** Takes from sessions of this database that begin from now on the right to write, or gives it back, and ends the queue's. */
async function letQueueWrite(database: Database, mayWrite: boolean): Promise<void> {
  await database.query(`alter database ${database.name} set default_transaction_read_only = ${mayWrite ? 'off' : 'on'}`)
  await database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name = 'mentor-expiry notifier queue'`,
    [database.name],
  )
}
