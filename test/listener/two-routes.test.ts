import { Registry } from 'prom-client'
import { describe, expect, test, vi } from 'vitest'
import { connectQueue } from '../../runtime/queue.ts'
import type { ListenerEvent } from '../../services/listener/events.ts'
import { monitorListener } from '../../services/listener/monitoring.ts'
import { reminders } from '../../services/listener/routes/reminders.ts'
import { addPendingReminders, countOf } from '../drills/stage.ts'
import { type Backend, openPipeline, type Pipeline } from '../pipeline/pipeline.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { addErrands, createErrands, errands } from './errands.ts'

vi.setConfig({ testTimeout: 60_000 })

const both = [reminders, errands]
const brisk = { SWEEP_INTERVAL: '0.2', AUDIT_AFTER: '0.5' }

/** A pipeline whose database has errands, and its queue of errands. */
async function openStage(backend: Backend) {
  const pipeline = await openPipeline(backend)
  await createErrands(pipeline.database)
  const { queueUrl: url } = pipeline
  const connection = connectQueue({ url, role: 'worker', name: 'test', connections: 1, onError: () => undefined })
  const queues = { errands: connection.openQueue('errands'), reminders: connection.openQueue('reminders') }
  return {
    ...pipeline,
    queues,
    server: connection.server,
    [Symbol.asyncDispose]: async () => {
      for (const queue of Object.values(queues)) await queue.close()
      await connection.close()
      await pipeline[Symbol.asyncDispose]()
    },
  }
}

type Running = ReturnType<Pipeline['startListener']>
type Kind = ListenerEvent['kind']

/** How many rows the listener has told of in events of this kind, on this route. */
function told({ events }: Running, kind: Kind, route: string): number {
  const counts = events.map((event) =>
    event.kind === kind && 'count' in event && 'route' in event && event.route === route ? event.count : 0,
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

const says = ({ events }: Running, kind: Kind, route?: string) =>
  waitFor(`${kind} ${route ?? ''}`, () =>
    events.some((event) => event.kind === kind && (!route || ('route' in event && event.route === route))),
  )

const whichBackend: { backend: Backend }[] = [{ backend: 'redis' }, { backend: 'postgres' }]

describe.each(whichBackend)('two routes with their queues in $backend', ({ backend }) => {
  const queueTest = test.skipIf(backend === 'redis' && !hasRedis())

  queueTest('each has a doorbell, heard on one connection, and a queue of its own', async () => {
    await using stage = await openStage(backend)
    const { database, queues } = stage
    const listener = stage.startListener({}, both)
    await says(listener, 'listening')
    // Three may be found without a bell: at the start, by the first sweep and at the connect.
    for (const count of [1, 2, 3, 4, 5]) {
      await addErrands(database, 1, { priority: 3 })
      await waitFor(`errand ${count}`, () => told(listener, 'dispatched', 'errands') === count)
    }
    expect(told(listener, 'dispatched', 'reminders')).toBe(0)
    await addPendingReminders(database, 1)
    await waitFor('the reminder', () => told(listener, 'dispatched', 'reminders') === 1)

    const { rows } = await database.query<{ key: string }>('select key from errands.errand')
    for (const { key } of rows) {
      const job = await queues.errands.getJob(`${key}-1`)
      expect(job).toMatchObject({ name: 'errand', data: { key, version: 1 }, opts: { priority: 3, attempts: 20 } })
    }
    expect(await queues.errands.getPrioritizedCount()).toBe(5)
    expect(await queues.reminders.getPrioritizedCount()).toBe(1)
    for (const queue of Object.values(queues)) expect(await queue.getJob('sentinel')).toBeDefined()
    const { rowCount } = await database.query(
      `select from pg_stat_activity where datname = current_database() and application_name = 'mentor-expiry listener doorbell'`,
    )
    expect(rowCount).toBe(1)
  })

  queueTest('one that waits for its table holds up neither the claims nor the sweeps of the other', async () => {
    await using stage = await openStage(backend)
    const { database, queues } = stage
    const listener = stage.startListener(brisk, both)
    await waitFor('the queue of errands', async () => (await queues.errands.getJob('sentinel')) !== undefined)
    const client = await database.connect()
    await client.query('begin; lock table errands.errand')
    await database.query('notify errands_pending')
    await says(listener, 'dispatch_failed', 'errands')
    await addPendingReminders(database, 3)
    await waitFor('the reminders', () => told(listener, 'dispatched', 'reminders') === 3)
    const [job] = await queues.reminders.getPrioritized()
    await job?.remove()
    await waitFor('the lost job', () => told(listener, 'jobs_lost', 'reminders') === 1)
    await waitFor('its successor', () => told(listener, 'dispatched', 'reminders') === 4)
    const { observe, readiness } = monitorListener(new Registry())
    for (const event of listener.events) observe(event)
    expect(readiness()).toContain('dispatch_failed:errands')
    expect(readiness()).not.toContain('dispatch_failed:reminders')

    await client.query('rollback')
    await addErrands(database, 1)
    await waitFor('the errand', () => told(listener, 'dispatched', 'errands') === 1)
    await says(listener, 'dispatch_recovered', 'errands')
    expect(await countOf(database, 'queued')).toBe(3)
  })

  queueTest('a queue that lost everything is filled again, and the other left alone', async () => {
    await using stage = await openStage(backend)
    const { database, queues } = stage
    await addErrands(database, 2_500, { status: 'queued' })
    const listener = stage.startListener({ ...brisk, AUDIT_AFTER: '3600' }, both)
    await waitFor('all errands to be added again', () => told(listener, 'queue_wiped', 'errands') === 2_500)
    await addPendingReminders(database, 1)
    await waitFor('the reminder', () => told(listener, 'dispatched', 'reminders') === 1)
    expect(await queues.errands.getPrioritizedCount()).toBe(2_500)
    await queues.errands.remove('sentinel')
    await waitFor('all errands to be added once more', () => told(listener, 'queue_wiped', 'errands') === 5_000)
    expect(await queues.errands.getPrioritizedCount()).toBe(2_500)
    expect(told(listener, 'queue_wiped', 'reminders')).toBe(0)
  })

  queueTest('what its sweep finds goes back into its own queue, in the next version', async () => {
    await using stage = await openStage(backend)
    const { database, queues } = stage
    await addErrands(database, 1, { status: 'stuck' })
    const listener = stage.startListener(brisk, both)
    await waitFor('the rescue', () => told(listener, 'rescued', 'errands') === 1)
    await waitFor('its job', () => told(listener, 'dispatched', 'errands') === 1)
    const { rows } = await database.query<{ key: string }>('select key from errands.errand')
    const [key] = rows.map((row) => row.key)
    const job = await queues.errands.getJob(`${key}-2`)
    await job?.remove()
    await waitFor('the loss', () => told(listener, 'jobs_lost', 'errands') === 1)
    await waitFor('a new job', async () => (await queues.errands.getJob(`${key}-3`)) !== undefined)
    expect(told(listener, 'rescued', 'reminders') + told(listener, 'jobs_lost', 'reminders')).toBe(0)
  })
})

test.skipIf(!hasRedis())('a queue that takes no jobs stops its own route alone', async () => {
  await using stage = await openStage('redis')
  const { database, queues, server } = stage
  if (server.kind !== 'redis') throw new Error('not on Redis')
  // Something else under a name of BullMQ's: each job that is added meets it.
  await server.redis.set(queues.errands.toKey('events'), 'in the way')
  const listener = stage.startListener(brisk, both)
  await addErrands(database, 1)
  await says(listener, 'dispatch_failed', 'errands')
  await addPendingReminders(database, 5)
  await waitFor('the reminders', () => told(listener, 'dispatched', 'reminders') === 5)
  await server.redis.del(queues.errands.toKey('events'))
  await waitFor('the errand', () => told(listener, 'dispatched', 'errands') === 1)
  const failing = listener.events.filter((event) => event.kind === 'dispatch_failed' || event.kind === 'sweep_failed')
  expect(new Set(failing.map((event) => event.route))).toEqual(new Set(['errands']))
})
