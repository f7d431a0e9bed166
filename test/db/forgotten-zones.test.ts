import { expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, setClock } from '../support/people.ts'
import { inShort, reminders } from './reminders.ts'
import { forgetZone, recallZone } from './zones.ts'

const call = (database: Database) => database.query(`call expiry.nightly('test')`)
const byHand = (database: Database) => database.query(`select expiry.run_nightly('test')`)

test.each([
  ['the scheduled night', call],
  ['a night by hand', byHand],
])('%s is run for everybody although the server has forgotten a zone, there by UTC', async (_, night) => {
  await using database = await freshDatabase()
  await setClock(database, '2027-02-01T12:00:00Z')
  const lost = await addOrganisation(database, { timeZone: 'Pacific/Honolulu' })
  const other = await addOrganisation(database)
  const [mentor, neighbour] = [
    await addMentor(database, { organisation: lost, expiryDate: '2027-04-01' }),
    await addMentor(database, { organisation: other, expiryDate: '2027-04-01' }),
  ]
  await forgetZone(database, lost)
  await setClock(database, '2027-03-02T05:00:00Z') // the 1st of March in Honolulu
  await night(database)
  expect(inShort(await reminders(database, neighbour))).toBe('30 pending')
  expect(inShort(await reminders(database, mentor))).toBe('30 pending')
})

test('the services look for forgotten zones first, and so all else that they look for', async () => {
  await using database = await freshDatabase()
  const organisation = await addOrganisation(database)
  await forgetZone(database, organisation)
  await database.query('select expiry.check_operations()')
  const { rows } = await database.query('select kind, details from expiry.operations_alerts where resolved_at is null')
  expect(rows).toEqual([{ kind: 'time_zone_unknown', details: { organisations: 1 } }])
  expect(await inForce(database, organisation)).toBe('UTC')
})

test('a zone that the server knows again is in force with the next look', async () => {
  await using database = await freshDatabase()
  const organisation = await addOrganisation(database)
  await forgetZone(database, organisation)
  await database.query('select expiry.settle_time_zones()')
  await recallZone(database, organisation, 'Europe/Oslo')
  expect(await inForce(database, organisation)).toBe('UTC')
  await database.query('select expiry.settle_time_zones()')
  expect(await inForce(database, organisation)).toBe('Europe/Oslo')
})

test('a host writes an organisation anew with its forgotten zone, and another one is in force at once', async () => {
  await using database = await freshDatabase()
  const organisation = await addOrganisation(database)
  const forgotten = await forgetZone(database, organisation)
  await database.query('select expiry.settle_time_zones()')
  const write = (zone: string) =>
    database.query(`update expiry.organisations set name = 'Anew', time_zone = $2 where id = $1`, [organisation, zone])
  await write(forgotten)
  expect(await inForce(database, organisation)).toBe('UTC')
  await write('Europe/Stockholm')
  expect(await inForce(database, organisation)).toBe('Europe/Stockholm')
})

async function inForce(database: Database, organisation: string): Promise<string | undefined> {
  const { rows } = await database.query<{ zone: string }>(
    'select zone_in_force as zone from expiry.organisations where id = $1',
    [organisation],
  )
  return rows[0]?.zone
}
