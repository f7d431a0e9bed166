import { describe, expect, test, vi } from 'vitest'
import { type SmtpFake, startSmtp } from '../fakes/smtp/server.ts'
import { startRedis } from '../support/redis.ts'
import { hasRedis } from '../support/servers.ts'
import type { Service } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'
import { attemptHistories } from './attempts.ts'
import { type OwnPostgres, openOwnPostgres } from './own-postgres.ts'
import { addPendingReminders, allSent, countOf, createServices, expectEachOnce, openStage } from './stage.ts'

vi.setConfig({ testTimeout: 60_000 })
const ROWS = 250
/** Claims go on all the time, too. */
const trickle = { QUEUE_WINDOW: '60', SWEEP_INTERVAL: '0.1' }
/** Seconds: a busy machine must not look like a server that does not answer. */
const unhurried = { DELIVERY_LEASE: '12', DELIVERY_DEADLINE: '5' }
/** Where no lease has to run out it may be long: an answer after the deadline counts as uncertain, and is asked for again. */
const patient = { DELIVERY_LEASE: '60', DELIVERY_DEADLINE: '25' }

describe.skipIf(!hasRedis())('Redis restarted under load', () => {
  for (const [what, settings] of [
    ['without its data', {}],
    ['with its data', { appendonly: 'yes', appendfsync: 'always' }],
  ] as const) {
    test(`${what}: listener and notifier go on by themselves, and each reminder is sent once`, async () => {
      await using redis = await startRedis({ settings })
      await using stage = await openStage()
      const { database, smtp } = stage
      slowDown(smtp)
      // The sentinel alone has to find what was lost.
      const env = { ...patient, QUEUE_URL: redis.url, AUDIT_AFTER: '3600' }
      const services = [await stage.start('listener', { ...env, ...trickle }), await stage.start('notifier', env)]
      await addPendingReminders(database, ROWS)
      for (const blow of ['restart', 'kill'] as const) {
        await underWay(database, smtp)
        if (blow === 'kill') await redis.kill()
        await redis.restart()
        expect(await countOf(database, 'sent')).toBeLessThan(ROWS)
      }
      await allSent(database, ROWS)
      await goOnWorking(services, database, smtp, ROWS)
    })
  }
})

describe('PostgreSQL restarted under load', () => {
  for (const queue of ['redis', 'postgres'] as const) {
    test.skipIf(queue === 'redis' && !hasRedis())(
      `fast and by a crash, with the queue in ${queue}: listener and notifier go on by themselves`,
      async () => {
        await using postgres = await openOwnPostgres()
        await using smtp = await startSmtp()
        await using redis = queue === 'redis' ? await startRedis() : null
        const queueUrl = redis?.url ?? postgres.url
        const env = { ...unhurried, DATABASE_URL: postgres.url, QUEUE_URL: queueUrl, MAIL_URL: smtp.url }
        await using starting = createServices(env)
        slowDown(smtp)
        const services = [await starting.start('listener', trickle), await starting.start('notifier')]
        await addPendingReminders(postgres, ROWS)
        for (const blow of ['fast', 'crash'] as const) {
          await underWay(postgres, smtp)
          if (blow === 'crash') await postgres.server.kill()
          await postgres.server.restart()
          expect(await countOf(postgres, 'sent')).toBeLessThan(ROWS)
        }
        await allSent(postgres, ROWS)
        await goOnWorking(services, postgres, smtp, ROWS)
      },
    )
  }
})

/** Each message takes a moment, so that sends are under way when the blow falls. */
function slowDown(smtp: SmtpFake): void {
  smtp.script({ at: 'end', act: { delayMs: 250 } })
}

/** Resolves while some messages have arrived since it was called and others are on their way. */
async function underWay(runner: Pick<OwnPostgres, 'query'>, smtp: SmtpFake): Promise<void> {
  const before = smtp.received.length
  await waitFor(
    'sends under way',
    async () => smtp.received.length > before && (await countOf(runner, 'sending')) > 0,
    {
      deadlineMs: 25_000,
      intervalMs: 5,
    },
  )
}

/** The same processes take up new work, and each message so far arrived once. */
async function goOnWorking(services: Service[], runner: Pick<OwnPostgres, 'query'>, smtp: SmtpFake, sent: number) {
  await addPendingReminders(runner, 40)
  await allSent(runner, sent + 40)
  expectEachOnce(smtp, sent + 40, JSON.stringify(await attemptHistories(runner)))
  for (const service of services) expect(service.isRunning(), service.lastWords()).toBe(true)
}
