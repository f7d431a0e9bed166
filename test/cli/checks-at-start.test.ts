import { beforeEach, describe, expect, test } from 'vitest'
import { startSmtp } from '../fakes/smtp/server.ts'
import { openStage } from '../portal-sync/stage.ts'
import type { Database } from '../support/database.ts'
import { setClock } from '../support/people.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { hasRedis } from '../support/servers.ts'
import { type Service, startService } from '../support/services.ts'
import { healthyDatabase } from './diagnosis.ts'

/** Waits until these checks have failed, and expects that no others have and that the program goes on. */
async function expectWarned(service: Service, ...checks: string[]): Promise<void> {
  for (const check of checks) {
    const line = await service.waitForEvent('check_failed', { where: (event) => event.check === check })
    expect(line).toMatchObject({ level: 40, found: expect.any(String), remedy: expect.any(String) })
  }
  expect(
    service
      .events('check_failed')
      .map(({ check }) => check)
      .sort(),
  ).toEqual([...checks].sort())
  expect(service.isRunning()).toBe(true)
}

/** The same of a service, all of whose output is its log. */
async function expectFailed(service: Service, ...checks: string[]): Promise<void> {
  await expectWarned(service, ...checks)
  expect(service.output).toBe('')
}

describe.skipIf(!hasRedis())('at its start, beside its work,', () => {
  let database: Database
  let redis: RedisServer

  beforeEach(async () => {
    ;({ database } = await healthyDatabase())
    redis = await startRedis({ settings: { 'maxmemory-policy': 'allkeys-lru' } })
    await setClock(database, '2026-03-01T12:00:00Z')
    return async () => {
      await redis[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    }
  })

  test('a notifier says what doctor would say of its servers and its channels, and sends nothing', async () => {
    await using smtp = await startSmtp({ auth: { user: 'post', password: 'right' } })
    const mail = { MAIL_URL: smtp.url.replace('right', 'wrong'), MAIL_FROM: 'post@example.org' }
    await using notifier = await startService(['notifier'], {
      DATABASE_URL: database.url,
      QUEUE_URL: redis.url,
      ...mail,
    })
    await expectFailed(notifier, 'clock override', 'eviction', 'email')
    expect(JSON.stringify(notifier.log)).not.toContain('wrong')
    expect(smtp.received).toEqual([])
  })

  test('only the listener says that the doorbell cannot be heard', async () => {
    await using other = (await healthyDatabase()).database
    const env = { DATABASE_URL: database.url, DATABASE_DIRECT_URL: other.url, QUEUE_URL: redis.url }
    await using smtp = await startSmtp()
    await using notifier = await startService(['notifier'], {
      ...env,
      MAIL_URL: smtp.url,
      MAIL_FROM: 'post@example.org',
    })
    await using listener = await startService(['listener'], env)
    await expectFailed(listener, 'LISTEN', 'clock override', 'eviction')
    await expectFailed(notifier, 'clock override', 'eviction')
  })

  test('up says once what its services would say each', async () => {
    await database.query('update expiry.organisations set portal_enabled = true')
    await using other = (await healthyDatabase()).database
    await using smtp = await startSmtp({ auth: { user: 'post', password: 'right' } })
    await using up = await startService(['up'], {
      DATABASE_URL: database.url,
      DATABASE_DIRECT_URL: other.url,
      QUEUE_URL: redis.url,
      MAIL_URL: smtp.url.replace('right', 'wrong'),
      MAIL_FROM: 'post@example.org',
      DASHBOARD_ADDRESS: '127.0.0.1:0',
    })
    await expectWarned(up, 'LISTEN', 'clock override', 'eviction', 'email', 'sync')
  })

  test('a portal-sync that is off names the organisations that nobody hides', async () => {
    await database.query('update expiry.organisations set portal_enabled = true')
    await using service = await startService(['portal-sync'], { DATABASE_URL: database.url, QUEUE_URL: redis.url })
    await expectFailed(service, 'sync')
    expect(service.events('check_failed')[0]?.found).toMatch(/on the website are organisation-\d+: nobody/)
  })
})

test.skipIf(!hasRedis())('a portal-sync says at its start what is wrong with its servers and settings', async () => {
  await using stage = await openStage()
  await setClock(stage.database, '2026-03-01T12:00:00Z')
  const service = await stage.startProcess('portal-sync', { PORTAL_SECRET_EXPIRES_ON: '2020-01-01' })
  await expectFailed(service, 'clock override', 'credential')
})
