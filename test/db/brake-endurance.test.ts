import { expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentors, addOrganisation, moveExpiryDate, nightly, setClock } from '../support/people.ts'
import { backdate, decide, heldAlerts, mentorsOf, standingOf, verdictsOf } from './brake.ts'
import { transitionsOf } from './status.ts'

/** So many mentors whose certifications end on 30 March, all moved to 2020 by mistake: held. */
async function held(database: Database, count = 10): Promise<string> {
  await setClock(database, '2026-03-10T12:00:00Z')
  const organisation = await addOrganisation(database)
  await addMentors(database, { organisation, count, daysLeft: 20 })
  await backdate(database, organisation, count)
  expect(await verdictsOf(database, organisation)).toEqual({ held: count })
  return organisation
}

test('who is held, goes out of the programme and comes back is still held', async () => {
  await using database = await freshDatabase()
  const organisation = await held(database)
  for (const status of ['inactive', 'active']) await database.query('update expiry.mentors set status = $1', [status])
  await nightly(database)
  expect(await standingOf(database, organisation)).toEqual({ active: 10 })
  expect(await heldAlerts(database)).toEqual([{ organisation, count: 10 }])
})

test('what is held of somebody out of the programme can be decided, and ends with the date last admitted', async () => {
  await using database = await freshDatabase()
  const organisation = await held(database)
  await database.query(`update expiry.mentors set status = 'inactive'`)
  expect(await decide(database, 'reject', organisation)).toBe(10)
  const [mentor] = await mentorsOf(database, organisation)
  await setClock(database, '2026-03-31T12:00:00Z')
  await nightly(database)
  expect(await verdictsOf(database, organisation)).toEqual({})
  expect(await heldAlerts(database)).toEqual([])
  expect(await standingOf(database, organisation)).toEqual({ inactive: 10 })
  expect(await transitionsOf(database, mentor ?? { id: '' })).toEqual(['active → inactive (updated)'])
})

test('who moves to another organisation stays held there, and a refusal does not move along', async () => {
  await using database = await freshDatabase()
  const [former, refused] = [await held(database, 5), await held(database, 4)]
  await decide(database, 'reject', refused)
  const other = await addOrganisation(database)
  await database.query('update expiry.mentors set organisation_id = $1, coordinator_id = null', [other])
  expect(await verdictsOf(database, other)).toEqual({ held: 9 })
  expect(await standingOf(database, other)).toEqual({ active: 9 })
  expect(await heldAlerts(database)).toEqual([{ organisation: other, count: 9 }])
  expect(await decide(database, 'approve', former)).toBe(0)
  expect(await decide(database, 'approve', other)).toBe(9)
  expect(await standingOf(database, other)).toEqual({ certification_expired: 9 })
})

test('a correction of some leaves the others held: one that comes line by line takes nobody out of service on its way', async () => {
  await using database = await freshDatabase()
  const organisation = await held(database)
  for (const mentor of (await mentorsOf(database, organisation)).slice(0, 8)) {
    await moveExpiryDate(database, mentor, '2026-03-30')
  }
  await nightly(database)
  expect(await standingOf(database, organisation)).toEqual({ active: 10 })
  expect(await heldAlerts(database)).toEqual([{ organisation, count: 2 }])
  expect(await decide(database, 'approve', organisation)).toBe(2)
  expect(await standingOf(database, organisation)).toEqual({ active: 8, certification_expired: 2 })
})
