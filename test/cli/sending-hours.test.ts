import { beforeEach, expect, test } from 'vitest'
import { readAccount } from '../../cli/up/account.ts'
import { untilSettled } from '../../cli/up/settled.ts'
import { claim, deliver, failed } from '../db/delivery.ts'
import { reminders } from '../db/reminders.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, type Mentor, nightly } from '../support/people.ts'
import { explain } from './explaining.ts'

let database: Database
beforeEach(async () => {
  database = await freshDatabase()
  return () => database[Symbol.asyncDispose]()
})

/** The zone in which it is between twelve and one o'clock, at whatever hour the test runs. */
function zoneOfNoon(): string {
  const ahead = 12 - new Date().getUTCHours()
  return ahead === 0 ? 'Etc/GMT' : `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`
}

/** A mentor whom the night finds, and whose organisation sends in these hours. */
async function found(hours: { sendFrom: string; sendUntil: string }): Promise<Mentor> {
  const organisation = await addOrganisation(database, { timeZone: zoneOfNoon(), ...hours })
  const mentor = await addMentor(database, { organisation })
  const client = await database.connect()
  await client.query('set session_replication_role = replica') // the night, and no trigger, is to find this
  await client.query('insert into expiry.certifications (mentor_id, expiry_date) values ($1, expiry.today($2) + 20)', [
    mentor.id,
    organisation,
  ])
  await nightly(database)
  return mentor
}

const settledWithin = (milliseconds: number) => untilSettled(database.pool, milliseconds, new AbortController().signal)

test('a reminder that waits for the sending hours is told of as that', async () => {
  const mentor = await found({ sendFrom: '13:30', sendUntil: '15:00' })
  const text = await explain(database, mentor)
  expect(text).toMatch(/^Sending hours {2}13:30 to 15:00, for what the night finds$/m)
  expect(text).toMatch(/^ {4}\d+: pending until \d{4}-\d\d-\d\d 13:30:00[+-]\d\d, when the sending hours begin$/m)
  expect(text).toMatch(
    /the 30-day reminder to \S+ goes out when the sending hours begin, \d{4}-\d\d-\d\d 13:30:00[+-]\d\d$/m,
  )
  expect(await readAccount(database.pool)).toMatch(
    /goes out on \d{4}-\d\d-\d\d 13:30:00[+-]\d\d, when the sending hours of its organisation begin$/m,
  )
})

test('who asks whether all is settled does not wait for the sending hours', async () => {
  await found({ sendFrom: '13:30', sendUntil: '15:00' })
  expect(await settledWithin(20_000)).toBe(true)
})

test('but for a reminder that pauses within them', async () => {
  const mentor = await found({ sendFrom: '11:00', sendUntil: '14:00' })
  expect(await settledWithin(300)).toBe(false)
  await claim(database)
  await deliver(database, await reminders(database), failed)
  expect(await settledWithin(300)).toBe(false)
  expect(await explain(database, mentor)).toMatch(/pending, pausing until .* \(smtp_451/)
})
