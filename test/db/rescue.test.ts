import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, moveExpiryDate, only, type Runner, setClock } from '../support/people.ts'
import { accepted, attemptsOf, claim, failed, finish, rejected } from './delivery.ts'
import { onlyReminder, type Reminder } from './reminders.ts'

let database: Database
let organisation: string
beforeAll(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  organisation = await addOrganisation(database)
})
afterAll(() => database[Symbol.asyncDispose]())

const outcomes = async (row: Pick<Reminder, 'id'>) =>
  (
    await database.query<{ line: string }>(
      `select attempt || ' ' || channel || ' ' || outcome || ' ' || response as line
         from expiry.reminder_delivery_attempts where log_id = $1 order by attempt, channel`,
      [row.id],
    )
  ).rows.map(({ line }) => line)

async function rescue(runner: Runner = database): Promise<number> {
  const { rows } = await runner.query<{ count: number }>('select expiry.rescue_stuck_reminders() as count')
  return only(rows).count
}

/** A row whose sender has died: its lease has run out and it has been rescued. */
async function rescued(channels = ['email']) {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  const row = await onlyReminder(database, mentor)
  const attempt = only(await attemptsOf(database, [row], { channels, lease: -1 }))
  expect(await rescue()).toBe(1)
  return { mentor, row, attempt }
}

test('a reminder whose lease ran out is pending again, its attempt on record as uncertain for each channel', async () => {
  const { mentor, row } = await rescued(['email', 'webhook'])
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending', generation: 1, attempts: 1 })
  expect(await outcomes(row)).toEqual(['1 email uncertain lease_expired', '1 webhook uncertain lease_expired'])
  expect(await rescue()).toBe(0)
  expect((await claim(database)).map(({ id }) => id)).toContain(row.id)
})

test('a lease that still runs is left alone', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  await attemptsOf(database, [await onlyReminder(database, mentor)], { lease: 60 })
  expect(await rescue()).toBe(0)
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'sending' })
})

test('ten rescuers at once rescue each row once', async () => {
  const mentors = await Promise.all(
    Array.from({ length: 10 }, () => addMentor(database, { organisation, daysLeft: 20 })),
  )
  const rows = await Promise.all(mentors.map((mentor) => onlyReminder(database, mentor)))
  await attemptsOf(database, rows, { lease: -1 })
  const counts = await Promise.all(Array.from({ length: 10 }, () => rescue()))
  expect(counts.reduce((sum, count) => sum + count)).toBe(10)
  for (const mentor of mentors) expect(await onlyReminder(database, mentor)).toMatchObject({ generation: 1 })
})

test('what kills its sender each time rests longer and longer', async () => {
  const { mentor } = await rescued()
  const rest = async () => {
    await attemptsOf(database, [await onlyReminder(database, mentor)], { lease: -1 })
    await rescue()
    const { rows } = await database.query<{ seconds: number }>(
      `select extract(epoch from available_at - clock_timestamp())::float8 as seconds
         from expiry.reminder_dispatch_log where mentor_id = $1`,
      [mentor.id],
    )
    return only(rows).seconds
  }
  const second = await rest()
  const third = await rest()
  expect(second).toBeGreaterThan(10)
  expect(third).toBeGreaterThan(second * 1.5)
})

test('accepted after all: the late answer makes the waiting row sent, and the attempt accepted', async () => {
  const { mentor, row, attempt } = await rescued()
  expect(await finish(database, [{ ...attempt, answers: { email: accepted } }])).toMatchObject([
    { verdict: 'late', status: 'sent' },
  ])
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'sent', generation: 1 })
  expect(await outcomes(row)).toEqual(['1 email accepted smtp_250'])
})

test('accepted after all while the row is queued again: sent, and the new job finds nothing to do', async () => {
  const { mentor, attempt } = await rescued()
  await claim(database)
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'queued', generation: 1 })
  expect(await finish(database, [{ ...attempt, answers: { email: accepted } }])).toMatchObject([{ verdict: 'late' }])
  expect(await attemptsOf(database, [{ id: attempt.id, generation: 1 }])).toEqual([])
})

test('accepted after all while another attempt is on the wire: stale, yet on record, so that no third one follows whatever the second one hears', async () => {
  const { mentor, row, attempt } = await rescued()
  const second = only(await attemptsOf(database, [await onlyReminder(database, mentor)]))
  expect(await finish(database, [{ ...attempt, answers: { email: accepted } }])).toMatchObject([{ verdict: 'stale' }])
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'sending' })
  expect(await outcomes(row)).toEqual(['1 email accepted smtp_250'])
  expect(await finish(database, [{ ...second, answers: { email: rejected } }])).toMatchObject([{ status: 'sent' }])
})

test.each([rejected, failed])('any other late answer changes nothing but the record: $kind', async (answer) => {
  const { mentor, attempt } = await rescued()
  expect(await finish(database, [{ ...attempt, answers: { email: answer } }])).toMatchObject([{ verdict: 'stale' }])
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending', generation: 1 })
})

test('a late answer does not bring back a reminder that was superseded meanwhile', async () => {
  const { mentor, row, attempt } = await rescued()
  await moveExpiryDate(database, mentor, '2027-03-31')
  expect(await finish(database, [{ ...attempt, answers: { email: accepted } }])).toMatchObject([{ verdict: 'stale' }])
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'superseded', reason: 'renewed' })
  expect(await outcomes(row)).toEqual(['1 email accepted smtp_250'])
})
