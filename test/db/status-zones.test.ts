import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, setClock } from '../support/people.ts'
import { statusOf } from './status.ts'

const hour = 3_600_000
/** The end of 30 March where each organisation is, in UTC. */
const midnights = [
  { timeZone: 'Pacific/Kiritimati', midnight: '2026-03-30T10:00:00Z' },
  { timeZone: 'Europe/Oslo', midnight: '2026-03-30T22:00:00Z' },
  { timeZone: 'America/Los_Angeles', midnight: '2026-03-31T07:00:00Z' },
  { timeZone: 'Pacific/Honolulu', midnight: '2026-03-31T10:00:00Z' },
]

test('hour by hour around the earth: in service until the local midnight, and out of it within 75 minutes', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-03-29T00:15:00Z')
  const places = await Promise.all(
    midnights.map(async ({ timeZone, midnight }) => {
      const organisation = await addOrganisation(database, { timeZone })
      return {
        timeZone,
        midnight: Date.parse(midnight),
        mentor: await addMentor(database, { organisation, expiryDate: '2026-03-30' }),
      }
    }),
  )
  const client = await database.connect()
  for (let at = Date.parse('2026-03-29T00:15:00Z'); at < Date.parse('2026-04-01T00:00:00Z'); at += hour) {
    await setClock(database, new Date(at).toISOString())
    await client.query(`call expiry.nightly('test')`)
    for (const { timeZone, midnight, mentor } of places) {
      const status = await statusOf(database, mentor)
      const found = { timeZone, at: new Date(at).toISOString(), status }
      expect(found).toEqual({ ...found, status: at < midnight ? 'active' : 'certification_expired' })
    }
  }
  const { rows } = await database.query<{ minutes: number }>(
    `select extract(epoch from t.at - (timestamp '2026-03-31 00:00' at time zone o.time_zone))::float8 / 60 as minutes
       from expiry.mentor_status_transitions as t join expiry.organisations as o on o.id = t.organisation_id`,
  )
  expect(rows.length).toBe(4)
  for (const { minutes } of rows) expect(minutes).toBeLessThanOrEqual(75)
})
