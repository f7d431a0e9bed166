import { describe, expect, test } from 'vitest'
import { diagnosis } from '../cli/diagnosis.ts'
import { countByStatus } from '../db/reminders.ts'
import { addMentors, addOrganisation } from '../support/people.ts'
import { startPgBouncer } from '../support/pgbouncer.ts'
import { hasPgBouncer, hasRedis, sharedPostgres } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { type Backend, openPipeline, type Pipeline } from './pipeline.ts'

/** A pipeline whose services reach the tables through a pooler that has fewer servers than they have connections. */
async function openPooled(backend: Backend) {
  const pooler = await startPgBouncer(sharedPostgres().url)
  const pipeline = await openPipeline(backend)
  const env = { DATABASE_URL: pooler.urlOf(pipeline.database.url), DATABASE_DIRECT_URL: pipeline.database.url }
  return {
    pipeline,
    pooler,
    env,
    [Symbol.asyncDispose]: async () => {
      await pipeline[Symbol.asyncDispose]()
      await pooler[Symbol.asyncDispose]()
    },
  }
}

const allSent = (pipeline: Pipeline, count: number) =>
  waitFor('every record', async () => (await countByStatus(pipeline.database)).sent === count, { deadlineMs: 25_000 })

describe.skipIf(!hasPgBouncer())('behind a transaction pooler', () => {
  describe.each<{ backend: Backend }>([{ backend: 'redis' }, { backend: 'postgres' }])(
    'with its queue in $backend',
    ({ backend }) => {
      test.skipIf(backend === 'redis' && !hasRedis())(
        'two services of each kind share the work, the doorbell rings, and nobody is reminded twice',
        async () => {
          await using pooled = await openPooled(backend)
          const { pipeline, env } = pooled
          const listeners = [pipeline.startListener(env), pipeline.startListener(env)]
          for (let copy = 0; copy < 2; copy += 1) pipeline.startNotifier({ ...env, NOTIFIER_CONCURRENCY: '20' })
          await waitFor('the doorbells', () => listeners.every(({ events }) => events.some(isListening)))
          const organisation = await addOrganisation(pipeline.database)
          await addMentors(pipeline.database, { organisation, count: 300, daysLeft: 7 })
          await allSent(pipeline, 300)
          expect([...pipeline.smtp.countByMessageId().values()]).toEqual(Array.from({ length: 300 }, () => 1))
        },
      )
    },
  )

  test.skipIf(!hasRedis())('the services survive a restart of the pooler', async () => {
    await using pooled = await openPooled('redis')
    const { pipeline, pooler, env } = pooled
    pipeline.startListener({ ...env, SWEEP_INTERVAL: '1' })
    pipeline.startNotifier({ ...env, DELIVERY_LEASE: '8' })
    const organisation = await addOrganisation(pipeline.database)
    await addMentors(pipeline.database, { organisation, count: 150, daysLeft: 14 })
    await waitFor('work under way', () => pipeline.smtp.received.length >= 20)
    await pooler.restart()
    await allSent(pipeline, 150)
    expect([...pipeline.smtp.countByMessageId().values()]).toEqual(Array.from({ length: 150 }, () => 1))
  })

  test.skipIf(!hasRedis())(
    'without a direct connection the doorbell is not heard, and the sweep brings everything',
    async () => {
      await using pooled = await openPooled('redis')
      const { pipeline, env } = pooled
      const config = { ...env, DATABASE_DIRECT_URL: env.DATABASE_URL }
      pipeline.startListener({ ...config, SWEEP_INTERVAL: '1' })
      pipeline.startNotifier(config)
      const organisation = await addOrganisation(pipeline.database)
      await addMentors(pipeline.database, { organisation, count: 5, daysLeft: 7 })
      await allSent(pipeline, 5)
    },
  )

  test('doctor tells a direct connection that goes through it', async () => {
    await using pooled = await openPooled('postgres')
    const { DATABASE_URL } = pooled.env
    const found = await diagnosis({ DATABASE_URL, QUEUE_URL: 'redis://127.0.0.1:1' })
    expect(found['Database/direct connection']).toMatch(/^fail: .* → set DATABASE_DIRECT_URL/)
    expect(found['Schema/schema']).toBe('ok')
    for (const service of ['listener', 'notifier']) {
      expect(found[`Services/${service}`]).toMatch(/^skipped: cannot be counted, a transaction pooler .* \/readyz/)
    }
  })

  test.skipIf(!hasRedis())('doctor counts the listeners past it, and says of the notifiers where to look', async () => {
    await using pooled = await openPooled('redis')
    const { pipeline, env } = pooled
    const counted = async () => {
      const found = await diagnosis({ ...env, QUEUE_URL: 'redis://127.0.0.1:1' })
      expect(found['Services/notifier']).toMatch(/^skipped: cannot be counted, .* \/readyz \(NOTIFIER_HTTP\)/)
      return found['Services/listener']
    }
    expect(await counted()).toMatch(/^advice: none is connected/)
    const { events } = pipeline.startListener(env)
    pipeline.startNotifier(env)
    await waitFor('the doorbell', () => events.some(isListening))
    expect(await counted()).toBe('ok')
  })
})

const isListening = ({ kind }: { kind: string }) => kind === 'listening'
