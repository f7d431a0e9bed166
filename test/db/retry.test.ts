import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addCoordinator, addMentor, addOrganisation, only, setClock } from '../support/people.ts'
import { deliver, rejected } from './delivery.ts'
import { inShort, onlyReminder, type Reminder, reminders } from './reminders.ts'

let database: Database
let organisation: string
beforeAll(async () => {
  database = await freshDatabase()
  organisation = await addOrganisation(database)
})
beforeEach(() => setClock(database, '2026-03-01T12:00:00Z'))
afterAll(() => database[Symbol.asyncDispose]())

async function retry(row: Pick<Reminder, 'id'>): Promise<boolean> {
  const { rows } = await database.query<{ retried: boolean }>(`select expiry.retry_reminder($1, 'kari') as retried`, [
    row.id,
  ])
  return only(rows).retried
}

test('a person may try a rejected reminder again; asking twice does it once', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  await deliver(database, await reminders(database, mentor), rejected)
  const row = await onlyReminder(database, mentor)
  expect(await Promise.all([retry(row), retry(row)])).toEqual(expect.arrayContaining([true, false]))
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending', generation: 1, attempts: 1 })
  const { rows } = await database.query('select retried_by from expiry.reminder_dispatch_log where id = $1', [row.id])
  expect(rows).toEqual([{ retried_by: 'kari' }])
})

test('what is pending, sent or superseded, or does not exist, is not tried again', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  const row = await onlyReminder(database, mentor)
  expect(await retry(row)).toBe(false)
  await deliver(database, [row])
  expect(await retry(row)).toBe(false)
  expect(await retry({ id: 1_000_000 })).toBe(false)
  expect(inShort(await reminders(database, mentor))).toBe('30 sent')
})

test('a person cannot retry what is no longer so', async () => {
  const mentor = await addMentor(database, { organisation, coordinator: null, expiryDate: '2026-03-31' })
  const row = await onlyReminder(database, mentor)
  await setClock(database, '2026-04-01T12:00:00Z')
  expect(await retry(row)).toBe(false)
  expect(inShort(await reminders(database, mentor))).toBe('30 superseded (lapsed)')
})

test('a person may retry one without a recipient; begin then decides who gets it', async () => {
  const mentor = await addMentor(database, { organisation, coordinator: null, daysLeft: 20 })
  expect(await retry(await onlyReminder(database, mentor))).toBe(true)
  await deliver(database, await reminders(database, mentor))
  expect(inShort(await reminders(database, mentor))).toBe('30 failed (no_recipient)')
  await database.query('update expiry.mentors set coordinator_id = $2 where id = $1', [
    mentor.id,
    await addCoordinator(database, { organisation }),
  ])
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending', generation: 2 })
})
