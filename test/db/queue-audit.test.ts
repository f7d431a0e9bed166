import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentors, addOrganisation, only, setClock } from '../support/people.ts'
import { attemptsOf, claim, type Job } from './delivery.ts'
import { reminders } from './reminders.ts'

let database: Database
beforeAll(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  await addMentors(database, { organisation: await addOrganisation(database), count: 30, daysLeft: 20 })
})
afterAll(() => database[Symbol.asyncDispose]())

const queued = async (after: number, limit: number, seconds: number) =>
  (await database.query<Job>('select id, generation from expiry.queued_reminders($1, $2, $3)', [after, limit, seconds]))
    .rows

async function requeue(jobs: readonly Job[]): Promise<number> {
  const { rows } = await database.query<{ count: number }>('select expiry.requeue_lost_reminders($1, $2) as count', [
    jobs.map(({ id }) => id),
    jobs.map(({ generation }) => generation),
  ])
  return only(rows).count
}

test('the audit sees what has been queued for so long, by id after its cursor', async () => {
  await claim(database, 10)
  await database.query(
    `update expiry.reminder_dispatch_log set queued_at = now() - interval '31 seconds' where status = 'queued'`,
  )
  await claim(database, 10)
  const old = await queued(0, 100, 30)
  expect(old).toHaveLength(10)
  expect(await queued(0, 100, 0)).toHaveLength(20)
  expect(await queued(0, 100, 0.5)).toHaveLength(10)
  const first = await queued(0, 4, 30)
  const next = await queued(first.at(-1)?.id ?? 0, 4, 30)
  expect([...first, ...next]).toEqual(old.slice(0, 8))
})

test('a lost job makes its row pending again under a new generation, once, however many auditors ask', async () => {
  const [lost] = await queued(0, 1, 0)
  if (lost === undefined) throw new Error('something is queued')
  const counts = await Promise.all(Array.from({ length: 5 }, () => requeue([lost])))
  expect(counts.reduce((sum, count) => sum + count)).toBe(1)
  const row = only((await reminders(database)).filter(({ id }) => id === lost.id))
  expect(row).toMatchObject({ status: 'pending', generation: 1 })
  expect((await claim(database, 100)).map(({ id }) => id)).toContain(lost.id)
})

test('a row that has moved on since the audit looked is left alone', async () => {
  const [taken, outdated] = await queued(0, 2, 0)
  if (taken === undefined || outdated === undefined) throw new Error('two are queued')
  await attemptsOf(database, [taken])
  expect(
    await requeue([taken, { ...outdated, generation: outdated.generation + 1 }, { id: 1_000_000, generation: 0 }]),
  ).toBe(0)
})
