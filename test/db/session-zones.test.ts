import { expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, nightly, setClock } from '../support/people.ts'

/** The time zone of a session is its client's or its server's, and nothing that the rules may depend on. */
const sessionZones = ['UTC', 'Europe/Oslo', 'America/New_York', 'Asia/Kolkata', 'Asia/Kathmandu', 'Pacific/Auckland']

/** What a session of each zone answers. */
async function answersByZone(database: Database, sql: string): Promise<Record<string, unknown>> {
  const answers: [string, unknown][] = []
  for (const zone of sessionZones) {
    const client = await database.connect()
    await client.query(`set timezone = '${zone}'`)
    answers.push([zone, (await client.query<{ answer: string }>(sql)).rows[0]?.answer])
  }
  return Object.fromEntries(answers)
}

const inAll = (answer: string) => Object.fromEntries(sessionZones.map((zone) => [zone, answer]))

test('a night is late by the ticks of the schedule, whatever the session’s zone', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-01-01T12:00:00Z')
  await addOrganisation(database)
  await database.query(`update expiry.organisations set created_at = '2020-01-01'`)
  await nightly(database)
  await database.query(`select expiry.record_schedule('service', '15 * * * *')`)
  await setClock(database, '2026-01-01T23:20:00Z')
  const lateAt = `select to_char(late_at at time zone 'UTC', 'HH24:MI') as answer from expiry.nightly_owed()`
  expect(await answersByZone(database, lateAt)).toEqual(inAll('23:15'))
})

// The real date and the set one lie half a year apart, whenever this runs: summer time is in force at one of them.
test.each(['2026-01-02', '2026-07-02'])(
  'what waits for its hours is forecast for its day under a clock that is set to %s, whatever the session’s zone',
  async (day) => {
    await using database = await freshDatabase()
    await setClock(database, `${day}T12:00:00Z`)
    const organisation = await addOrganisation(database, { timeZone: 'UTC', sendFrom: '00:30', sendUntil: '21:00' })
    await addMentor(database, { organisation, daysLeft: 31 })
    await setClock(database, `${day.slice(0, -1)}3T23:45:00Z`)
    await nightly(database)
    const dueOn = `select (due_on - date '${day}')::text as answer from expiry.forecast_reminders(3) where outcome = 'pending'`
    expect(await answersByZone(database, dueOn)).toEqual(inAll('2'))
  },
)
