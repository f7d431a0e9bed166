import { beforeEach, describe, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, type Mentor, moveExpiryDate, setStatus } from '../support/people.ts'
import { attemptsOf, begin, finish, rejected } from './delivery.ts'
import { settleRechecks } from './race.ts'
import { inconsistencies, onlyReminder, reminders } from './reminders.ts'

/*
 * Whoever changes facts leaves a row alone that begin or finish holds. What these two decide by the facts of one moment must
 * not stand when the facts have changed back before they commit.
 */

let database: Database
let mentor: Mentor

beforeEach(async () => {
  database = await freshDatabase()
  mentor = await addMentor(database, { organisation: await addOrganisation(database), daysLeft: 0 })
  return () => database[Symbol.asyncDispose]()
})

async function dateIn(days: number): Promise<string> {
  const { rows } = await database.query<{ date: string }>('select (current_date + $1::integer)::text as date', [days])
  return rows[0]?.date ?? ''
}

const setAddress = (email: string | null) => database.query('update expiry.coordinators set email = $1', [email])

type Case = { name: string; verdict: string; away: () => Promise<unknown>; back: () => Promise<unknown> }
const cases: Case[] = [
  {
    name: 'a renewal',
    verdict: 'superseded',
    away: async () => moveExpiryDate(database, mentor, await dateIn(400)),
    back: async () => moveExpiryDate(database, mentor, await dateIn(0)),
  },
  {
    name: 'a date that is moved',
    verdict: 'superseded',
    away: async () => moveExpiryDate(database, mentor, await dateIn(-1)),
    back: async () => moveExpiryDate(database, mentor, await dateIn(0)),
  },
  {
    name: 'a mentor who leaves',
    verdict: 'superseded',
    away: () => setStatus(database, mentor, 'inactive'),
    back: () => setStatus(database, mentor, 'active'),
  },
  {
    name: 'an address that is gone',
    verdict: 'no_recipient',
    away: () => setAddress(null),
    back: () => setAddress('somebody@example.org'),
  },
]

describe.each(cases)('$name, and back', ({ verdict, away, back }) => {
  test('while begin decides: the reminder goes out', async () => {
    const row = await onlyReminder(database, mentor)
    const notifier = await database.connect()
    await notifier.query('begin')
    await notifier.query('select expiry.hold_reminders(array[$1::bigint])', [row.id])
    await away()
    expect(await begin(notifier, [row])).toMatchObject([{ verdict }])
    await back()
    await notifier.query('commit')

    await settleRechecks(database)
    expect(await inconsistencies(database)).toEqual({ uncovered: 0, stale: 0 })
    const pending = (await reminders(database, mentor)).filter(
      ({ kind, status }) => kind === 'reminder' && status === 'pending',
    )
    expect(pending).toMatchObject([{ id: row.id, generation: row.generation + 1 }])
    expect(await begin(database, pending)).toMatchObject([{ verdict: 'begun' }])
  })
})

test('a recipient who changes while a refusal is recorded gets the reminder', async () => {
  const [attempt] = await attemptsOf(database, [await onlyReminder(database, mentor)])
  if (attempt === undefined) throw new Error('not begun')
  const notifier = await database.connect()
  await notifier.query('begin')
  await finish(notifier, [{ ...attempt, answers: { email: rejected } }])
  await setAddress('somebody@example.org')
  await notifier.query('commit')

  await settleRechecks(database)
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending' })
})

test('a refusal whose recipient has not changed stays one', async () => {
  const [attempt] = await attemptsOf(database, [await onlyReminder(database, mentor)])
  if (attempt === undefined) throw new Error('not begun')
  await finish(database, [{ ...attempt, answers: { email: rejected } }])
  await settleRechecks(database)
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'failed', reason: 'rejected' })
})
