import { tmpdir } from 'node:os'
import { Redis } from 'ioredis'
import { beforeEach, describe, expect, test } from 'vitest'
import { migrateQueue } from '../../cli/migrate/queue.ts'
import { portalQueue } from '../../contracts/portal-job.ts'
import { reminderQueue } from '../../contracts/reminder-job.ts'
import { connectQueue } from '../../runtime/queue.ts'
import type { Database } from '../support/database.ts'
import { startRedis } from '../support/redis.ts'
import { hasRedis } from '../support/servers.ts'
import { startService } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'
import { healthyDatabase, lookAt } from './diagnosis.ts'

let database: Database

beforeEach(async () => {
  ;({ database } = await healthyDatabase())
  return () => database[Symbol.asyncDispose]()
})

async function setPaused(url: string, name: string, isPaused: boolean): Promise<void> {
  const connection = connectQueue({ url, role: 'worker', name: 'test', connections: 1, onError: () => undefined })
  const queue = connection.openQueue(name)
  await (isPaused ? queue.pause() : queue.resume())
  await queue.close()
  await connection.close()
}

async function ask(url: string, command: string, ...args: string[]): Promise<unknown> {
  const redis = new Redis(url)
  return await redis.call(command, ...args).finally(() => redis.disconnect())
}

/** That a paused queue is found, named with how to resume it, and in order again afterwards. */
async function expectPauseToShow(url: string): Promise<void> {
  const work = async () => (await lookAt(database, { QUEUE_URL: url }))['Queue/work']
  expect(await work()).toBe('ok')
  for (const name of [reminderQueue, portalQueue]) await setPaused(url, name, true)
  expect(await work()).toMatch(/^fail: somebody has paused reminders and portal: .* → Resume .*DASHBOARD_WRITABLE=true/)
  await setPaused(url, reminderQueue, false)
  expect(await work()).toMatch(/^fail: somebody has paused portal: /)
  await setPaused(url, portalQueue, false)
  expect(await work()).toBe('ok')
}

test('a queue in PostgreSQL that somebody has paused is found', async () => {
  await migrateQueue({ url: database.url })
  await expectPauseToShow(database.url)
})

test('a queue in PostgreSQL that takes no changes is found', async () => {
  await migrateQueue({ url: database.url })
  await database.query(`alter database ${database.name} set default_transaction_read_only = on`)
  expect((await lookAt(database, { QUEUE_URL: database.url }))['Queue/work']).toMatch(
    /^fail: the database takes no changes.*\(25006\) → let QUEUE_URL lead to the primary/,
  )
})

describe.skipIf(!hasRedis())('Redis', () => {
  test('with a queue that somebody has paused is found, and nothing is written by looking', async () => {
    await using redis = await startRedis()
    expect((await lookAt(database, { QUEUE_URL: redis.url }))['Queue/work']).toBe('ok')
    expect(await ask(redis.url, 'dbsize')).toBe(0)
    await expectPauseToShow(redis.url)
  })

  test('that is a replica is found, and what to do', async () => {
    await using redis = await startRedis()
    await using replica = await startRedis()
    await ask(replica.url, 'replicaof', '127.0.0.1', String(redis.port))
    await waitFor('the replica to follow', async () =>
      String(await ask(replica.url, 'info', 'replication')).includes('master_link_status:up'),
    )
    expect(await lookAt(database, { QUEUE_URL: replica.url })).toMatchObject({
      'Queue/queue': 'ok',
      'Queue/work': expect.stringMatching(
        /^fail: this Redis is a replica.* \(READONLY\) → let QUEUE_URL lead to the primary/,
      ),
    })
  })

  test('of one service and PostgreSQL of another are told by each and by doctor, and one queue of all is in order', async () => {
    await using redis = await startRedis()
    await migrateQueue({ url: database.url })
    const common = { DATABASE_URL: database.url, MAIL_OUTBOX: tmpdir(), CHECK_INTERVAL: '0.2' }
    const onRedis = { ...common, QUEUE_URL: redis.url }
    await using listener = await startService(['listener'], onRedis)
    await listener.waitForEvent('started')
    const queues = async () => (await lookAt(database, onRedis))['Services/queues']
    {
      await using forgetful = await startService(['notifier'], common)
      expect(await forgetful.waitForEvent('queue_differs')).toMatchObject({ other: 'listener', queue: 'redis' })
      expect(await listener.waitForEvent('queue_differs')).toMatchObject({ other: 'notifier', queue: 'postgres' })
      expect(await queues()).toMatch(
        /^fail: not one but two: listener in Redis, notifier in PostgreSQL; .* → give all services the same QUEUE_URL/,
      )
      const looks = new Set<number>()
      await waitFor('the listener to look again and again', async () => {
        const { rows } = await database.query<{ at: Date }>(
          `select query_start as at from pg_stat_activity
            where application_name = 'mentor-expiry listener' and query like '%regexp_match%'`,
        )
        for (const { at } of rows) looks.add(at.getTime())
        return looks.size >= 4
      })
      await forgetful.stop()
    }
    const from = listener.log.length
    await using notifier = await startService(['notifier'], onRedis)
    await notifier.waitForEvent('started')
    await waitFor('both on one queue', async () => (await queues()) === 'ok')
    expect([...notifier.log, ...listener.log.slice(from)].filter(({ msg }) => msg === 'queue_differs')).toEqual([])
    expect(listener.events('queue_differs')).toHaveLength(1)
  })
})
