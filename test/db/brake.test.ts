import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { addMentor, addMentors, addOrganisation, moveExpiryDate, nightly, setClock } from '../support/people.ts'
import { backdate, decide, heldAlerts, mentorsOf, standingOf, verdictsOf } from './brake.ts'
import { settleRechecks } from './race.ts'
import { countByStatus } from './reminders.ts'

const day = '2026-03-10T12:00:00Z'

/** An organisation of so many mentors in service, all of them reminded about. */
async function inService(count: number) {
  const database = await freshDatabase()
  await setClock(database, day)
  const organisation = await addOrganisation(database)
  await addMentors(database, { organisation, count, daysLeft: 20 })
  return { database, organisation, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }
}

test.each([
  { of: 10, moved: 3, leave: 3 },
  { of: 10, moved: 4, leave: 0 },
  { of: 100, moved: 20, leave: 20 },
  { of: 100, moved: 21, leave: 0 },
  { of: 3, moved: 3, leave: 3 },
  { of: 4, moved: 4, leave: 0 },
])('$moved of $of moved into the past in one statement: $leave leave service', async ({ of, moved, leave }) => {
  await using scene = await inService(of)
  const { database, organisation } = scene
  await backdate(database, organisation, moved)
  for (const _ of ['at once', 'by night']) {
    expect((await standingOf(database, organisation)).certification_expired ?? 0).toBe(leave)
    const kept = leave === 0 ? of : of - leave
    expect((await countByStatus(database)).pending).toBe(kept + leave) // reminders of who stays, messages about who left
    await nightly(database)
  }
  expect(await heldAlerts(database)).toEqual(leave === 0 ? [{ organisation, count: moved }] : [])
})

test('the share and the number are the organisation’s own, and another organisation goes on', async () => {
  await using scene = await inService(10)
  const { database, organisation } = scene
  const other = await addOrganisation(database)
  await addMentors(database, { organisation: other, count: 10, daysLeft: 20 })
  const generous = await addOrganisation(database, { brakeMentors: 9 })
  await addMentors(database, { organisation: generous, count: 10, daysLeft: 20 })
  await database.query(
    `update expiry.certifications as c set expiry_date = '2020-01-01' from expiry.mentors as m
                         where m.id = c.mentor_id and m.organisation_id = $1`,
    [organisation],
  )
  await backdate(database, other, 2)
  await backdate(database, generous, 9)
  expect(await standingOf(database, organisation)).toEqual({ active: 10 })
  expect(await standingOf(database, other)).toEqual({ active: 8, certification_expired: 2 })
  expect(await standingOf(database, generous)).toEqual({ active: 1, certification_expired: 9 })
  expect(await heldAlerts(database)).toEqual([{ organisation, count: 10 }])
})

test('row by row in one transaction: the first three leave, from the fourth on all are held', async () => {
  await using scene = await inService(10)
  const { database, organisation } = scene
  const client = await database.connect()
  await client.query('begin')
  for (const mentor of await mentorsOf(database, organisation)) await moveExpiryDate(client, mentor, '2020-01-01')
  await client.query('commit')
  await nightly(database)
  expect(await standingOf(database, organisation)).toEqual({ active: 7, certification_expired: 3 })
  expect(await heldAlerts(database)).toEqual([{ organisation, count: 7 }])
})

test('many transactions at once cannot each stay below the limit', async () => {
  for (let round = 0; round < 5; round += 1) {
    await using scene = await inService(40)
    const { database, organisation } = scene
    await Promise.all(
      (await mentorsOf(database, organisation)).map((each) => moveExpiryDate(database, each, '2020-01-01')),
    )
    await settleRechecks(database)
    const { certification_expired: left = 0 } = await standingOf(database, organisation)
    expect(left).toBeLessThanOrEqual(8)
    expect(await heldAlerts(database)).toEqual([{ organisation, count: 40 - left }])
  }
})

test('two transactions that are open together count each other', async () => {
  await using scene = await inService(10)
  const { database, organisation } = scene
  const [one, two] = [await database.connect(), await database.connect()]
  const mentors = await mentorsOf(database, organisation)
  for (const client of [one, two]) await client.query('begin')
  for (const mentor of mentors.slice(0, 3)) await moveExpiryDate(one, mentor, '2020-01-01')
  for (const mentor of mentors.slice(3, 6)) await moveExpiryDate(two, mentor, '2020-01-01')
  for (const client of [one, two]) await client.query('commit')
  await settleRechecks(database)
  expect(await verdictsOf(database, organisation)).toEqual({ admitted: 3, held: 3 })
  expect(await standingOf(database, organisation)).toEqual({ active: 7, certification_expired: 3 })
})

test('what one day takes counts for 24 hours', async () => {
  await using scene = await inService(10)
  const { database, organisation } = scene
  await backdate(database, organisation, 3)
  await setClock(database, '2026-03-11T11:59:00Z')
  await backdate(database, organisation, 1)
  expect(await standingOf(database, organisation)).toEqual({ active: 7, certification_expired: 3 })
  await setClock(database, '2026-03-12T12:00:00Z')
  await backdate(database, organisation, 3)
  expect(await standingOf(database, organisation)).toEqual({ active: 4, certification_expired: 6 })
})

test('certifications that are taken away are held as well: who was to be reminded still is', async () => {
  await using scene = await inService(10)
  const { database, organisation } = scene
  await database.query('update expiry.reminder_dispatch_log set certification_id = null')
  await database.query('delete from expiry.certifications')
  await nightly(database)
  expect(await countByStatus(database)).toEqual({ pending: 10 })
  expect(await heldAlerts(database)).toEqual([{ organisation, count: 10 }])
  expect(await decide(database, 'approve', organisation)).toBe(10)
  expect(await countByStatus(database)).toEqual({ superseded: 10 })
  expect(await standingOf(database, organisation)).toEqual({ active: 10 }) // without a certification the status stays
})

test('a certification moved to another mentor is taken away from the first', async () => {
  await using scene = await inService(10)
  const { database, organisation } = scene
  const heirs = []
  for (let n = 0; n < 4; n += 1) heirs.push(await addMentor(database, { organisation }))
  await database.query(
    `update expiry.certifications as c set mentor_id = pair.heir
       from (select m.id as mentor, h.id as heir from
              (select id, row_number() over (order by id) as n from expiry.mentors where id <> all ($1)) as m
              join (select id, n from unnest($1::uuid[]) with ordinality as u (id, n)) as h using (n)) as pair
      where c.mentor_id = pair.mentor`,
    [heirs.map(({ id }) => id)],
  )
  expect(await verdictsOf(database, organisation)).toEqual({ held: 4 })
})

test('a cohort of 40 whose certificates simply run out on one day is not held', async () => {
  await using scene = await inService(40)
  const { database, organisation } = scene
  await setClock(database, '2026-03-31T12:00:00Z')
  await nightly(database)
  expect(await standingOf(database, organisation)).toEqual({ certification_expired: 40 })
  expect(await heldAlerts(database)).toEqual([])
})

test('a date moved back to a day that is still valid, and then run out, is not held', async () => {
  await using scene = await inService(40)
  const { database, organisation } = scene
  await database.query(`update expiry.certifications set expiry_date = '2026-03-10'`)
  expect(await verdictsOf(database, organisation)).toEqual({})
  await setClock(database, '2026-03-11T12:00:00Z')
  await nightly(database)
  expect(await standingOf(database, organisation)).toEqual({ certification_expired: 40 })
})

test('new mentors with dates long gone are not held, and take nothing from the limit', async () => {
  await using scene = await inService(10)
  const { database, organisation } = scene
  for (let n = 0; n < 20; n += 1) await addMentor(database, { organisation, expiryDate: '2020-01-01' })
  await backdate(database, organisation, 3)
  expect(await standingOf(database, organisation)).toEqual({ active: 7, certification_expired: 23 })
  expect(await verdictsOf(database, organisation)).toEqual({ admitted: 3 })
})

test('a statement that writes mentors first and dates second is held as well', async () => {
  await using scene = await inService(10)
  const { database, organisation } = scene
  await database.query(
    `with moved as (update expiry.certifications set expiry_date = '2020-01-01') update expiry.mentors set status = 'paused'`,
  )
  expect(await standingOf(database, organisation)).toEqual({ paused: 10 })
  expect(await heldAlerts(database)).toEqual([{ organisation, count: 10 }])
})
