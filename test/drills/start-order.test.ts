import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { describe, expect, test, vi } from 'vitest'
import { openPool } from '../../runtime/pool.ts'
import { startSmtp } from '../fakes/smtp/server.ts'
import { freshDatabase } from '../support/database.ts'
import { startRedis } from '../support/redis.ts'
import { hasRedis, sharedPostgres } from '../support/servers.ts'
import { startService } from '../support/services.ts'
import { urlOfDatabase } from '../support/template.ts'
import { addPendingReminders, allSent, createServices, expectEachOnce } from './stage.ts'

vi.setConfig({ testTimeout: 60_000 })

describe.skipIf(!hasRedis())('services that start before what they need', () => {
  test('wait for the database, its schema and Redis, say so once each, and then work', async () => {
    await using smtp = await startSmtp()
    await using redis = await startRedis()
    await redis.stop()
    await using later = laterDatabase()
    const env = { DATABASE_URL: later.url, QUEUE_URL: redis.url, MAIL_URL: smtp.url, MAIL_FROM: 'us@example.org' }
    await using services = createServices(env)
    const both = await Promise.all([services.start('notifier'), services.start('listener')])
    for (const service of both) {
      await service.waitForEvent('waiting', { where: ({ reason }) => reason === 'database_unreachable' })
    }
    await later.create()
    for (const service of both) {
      await service.waitForEvent('waiting', { where: ({ reason }) => reason === 'schema_absent' })
    }
    await using migrate = await startService(['migrate'], env)
    expect(await migrate.exited, migrate.output).toEqual({ code: 0, signal: null })
    const [notifier, listener] = both
    await notifier?.waitForEvent('waiting', { where: ({ reason }) => reason === 'queue_unreachable' })
    await listener?.waitForEvent('dispatch_failed')
    await redis.restart()

    await using pool = later.pool()
    await addPendingReminders(pool, 30)
    await allSent(pool, 30)
    expectEachOnce(smtp, 30)
    for (const service of both) {
      const reasons = service.events('waiting').map(({ reason, error }) => JSON.stringify([reason, error]))
      expect(reasons).toEqual([...new Set(reasons)])
      expect(await service.stop({ deadlineMs: 10_000 }), service.lastWords()).toEqual({ code: 0, signal: null })
    }
  })

  test.each(['listener', 'notifier'] as const)('a %s that waits for its database stops when told to', async (name) => {
    await using later = laterDatabase()
    const nowhere = { DATABASE_URL: later.url, QUEUE_URL: 'redis://127.0.0.1:1', MAIL_URL: 'smtp://127.0.0.1:1' }
    await using services = createServices(nowhere)
    const service = await services.start(name)
    await service.waitForEvent('waiting')
    expect(await service.stop({ deadlineMs: 5_000 })).toEqual({ code: 0, signal: null })
  })

  test('a notifier that waits for Redis stops when told to', async () => {
    await using database = await freshDatabase()
    const nowhere = { DATABASE_URL: database.url, QUEUE_URL: 'redis://127.0.0.1:1', MAIL_URL: 'smtp://127.0.0.1:1' }
    await using services = createServices(nowhere)
    const service = await services.start('notifier')
    await service.waitForEvent('waiting', { where: ({ reason }) => reason === 'queue_unreachable' })
    expect(await service.stop({ deadlineMs: 5_000 })).toEqual({ code: 0, signal: null })
  })
})

test.each(['listener', 'notifier', 'migrate'])(
  '%s ends with 2 before a schema that is newer than the code',
  async (name) => {
    await using database = await freshDatabase()
    await database.query(`insert into expiry.schema_migrations (tag, hash) values ('9999_of_tomorrow', 'x')`)
    const env = { DATABASE_URL: database.url, MAIL_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'reminders@example.org' }
    await using service = await startService([name], env)
    expect(await service.exited).toEqual({ code: 2, signal: null })
    expect(service.output).toContain('migrations that this version does not know')
  },
)

test.each(['listener', 'notifier'])(
  '%s ends with 2 for a bad configuration, names every fault and no value',
  async (name) => {
    await using service = await startService([name], {
      DATABASE_URL: 'mysql://hemmelig@db.example.org/x',
      QUEUE_URL: 'amqp://hemmelig',
      MAIL_URL: 'https://hemmelig.example.org',
      QUEUE_WINDOW: '-17',
      DELIVERY_LEASE: 'hemmelig',
      LOG_LEVEL: 'hemmelig',
    })
    expect(await service.exited).toEqual({ code: 2, signal: null })
    for (const key of ['DATABASE_URL', 'QUEUE_URL', 'MAIL_URL', 'QUEUE_WINDOW', 'DELIVERY_LEASE', 'LOG_LEVEL']) {
      expect(service.output).toContain(`  ${key}: `)
    }
    expect(service.output).not.toMatch(/hemmelig|-17|amqp|mysql/)
  },
)

test('a notifier without a channel ends with 2', async () => {
  await using service = await startService(['notifier'], { DATABASE_URL: 'postgres://127.0.0.1:1/nowhere' })
  expect(await service.exited).toEqual({ code: 2, signal: null })
  expect(service.output).toContain('MAIL_URL')
})

/** A database of the shared PostgreSQL that does not exist before `create`. */
function laterDatabase() {
  const server = sharedPostgres().url
  const name = `later_${randomBytes(6).toString('hex')}`
  const url = urlOfDatabase(server, name)
  const run = async (sql: string) => {
    const client = new Client({ connectionString: server })
    await client.connect()
    await client.query(sql).finally(() => client.end())
  }
  return {
    url,
    create: () => run(`create database ${name}`),
    pool: () => {
      const pool = openPool({ url, name: 'drill', max: 2, onError: () => undefined })
      return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.end() })
    },
    [Symbol.asyncDispose]: () => run(`drop database if exists ${name} with (force)`),
  }
}
