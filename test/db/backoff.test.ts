import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ChannelAnswer } from '../../contracts/delivery.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, type Mentor, only, setClock } from '../support/people.ts'
import { deliver, failed, outOfOrder, type RetryPolicy, uncertain } from './delivery.ts'
import { onlyReminder } from './reminders.ts'

let database: Database
let organisation: string
beforeAll(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  organisation = await addOrganisation(database)
})
afterAll(() => database[Symbol.asyncDispose]())

/** Delivers once with this answer and returns for how many seconds the row now rests. */
async function pauseAfter(mentor: Mentor, answer: ChannelAnswer, policy: RetryPolicy): Promise<number> {
  const row = await onlyReminder(database, mentor)
  const before = Date.now()
  await deliver(database, [row], answer, policy)
  const { rows } = await database.query<{ available_at: Date }>(
    'select available_at from expiry.reminder_dispatch_log where id = $1',
    [row.id],
  )
  return (only(rows).available_at.getTime() - before) / 1000
}

test('the pause doubles from the base to the cap, a quarter more or less', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  const pauses: number[] = []
  for (const nominal of [30, 60, 120, 240, 480, 900, 900]) {
    const pause = await pauseAfter(mentor, failed, { base: 30, cap: 900 })
    expect(pause).toBeGreaterThanOrEqual(nominal * 0.75)
    expect(pause).toBeLessThanOrEqual(nominal * 1.25 + 2)
    pauses.push(pause / nominal)
  }
  expect(new Set(pauses.map((pause) => pause.toFixed(3))).size).toBeGreaterThan(1) // jitter
})

test('a channel that names a longer pause gets it, also beyond the cap; a shorter one does not hasten', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  const long = await pauseAfter(mentor, { kind: 'failed', code: 'smtp_451', retryAfter: 3600 }, { base: 30, cap: 900 })
  expect(long).toBeGreaterThanOrEqual(3599)
  expect(long).toBeLessThan(3610)
  expect(
    await pauseAfter(mentor, { kind: 'failed', code: 'smtp_451', retryAfter: 1 }, { base: 100, cap: 900 }),
  ).toBeGreaterThan(100)
})

test('a row of many attempts still rests no longer than the cap', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  await database.query('update expiry.reminder_dispatch_log set attempts = 5000 where mentor_id = $1', [mentor.id])
  expect(await pauseAfter(mentor, failed, { base: 30, cap: 900 })).toBeLessThanOrEqual(900 * 1.25 + 2)
})

test('a channel out of order gets its pause as well', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  const pause = await pauseAfter(mentor, outOfOrder, { base: 40, cap: 900 })
  expect(pause).toBeGreaterThanOrEqual(30)
  expect(pause).toBeLessThanOrEqual(52)
})

test.each([failed, uncertain])(
  'a message that is $kind is given up when its patience is over, counted from the first failure',
  async (answer) => {
    const mentor = await addMentor(database, { organisation, daysLeft: 20 })
    await deliver(database, [await onlyReminder(database, mentor)], answer, { retryFor: 100 })
    expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending' })
    const since = (seconds: number) =>
      database.query(
        `update expiry.reminder_dispatch_log set first_failed_at = now() - make_interval(secs => $2) where mentor_id = $1`,
        [mentor.id, seconds],
      )
    await since(95)
    await deliver(database, [await onlyReminder(database, mentor)], answer, { retryFor: 100 })
    expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending' })
    await since(101)
    expect(await deliver(database, [await onlyReminder(database, mentor)], answer, { retryFor: 100 })).toMatchObject([
      { status: 'failed', status_reason: 'attempts_exhausted' },
    ])
    expect(await onlyReminder(database, mentor)).toMatchObject({
      status: 'failed',
      reason: 'attempts_exhausted',
      attempts: 3,
    })
  },
)
