import { expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentors, addOrganisation, moveExpiryDate, nightly, setClock } from '../support/people.ts'
import { backdate, decide, heldAlerts, mentorsOf, standingOf, verdictsOf } from './brake.ts'
import { race } from './race.ts'
import { countByStatus, inconsistencies } from './reminders.ts'
import { messagesOf, transitionsOf, unsettledMentors } from './status.ts'

/** Ten mentors whose certifications end on 30 March, all moved to 2020 by mistake: held. */
async function heldTen(database: Database): Promise<string> {
  await setClock(database, '2026-03-10T12:00:00Z')
  const organisation = await addOrganisation(database)
  await addMentors(database, { organisation, count: 10, daysLeft: 20 })
  await backdate(database, organisation, 10)
  expect(await verdictsOf(database, organisation)).toEqual({ held: 10 })
  return organisation
}

test('approved: whoever is still lapsed leaves service, by the operator’s name, and the alert is resolved', async () => {
  await using database = await freshDatabase()
  const organisation = await heldTen(database)
  const [corrected, other] = await mentorsOf(database, organisation)
  if (!corrected || !other) throw new Error('ten mentors')
  await database.query(`update expiry.certifications set expiry_date = '2026-03-30' where mentor_id = $1`, [
    corrected.id,
  ])
  expect(await heldAlerts(database)).toEqual([{ organisation, count: 9 }])
  expect(await decide(database, 'approve', organisation)).toBe(9)
  expect(await standingOf(database, organisation)).toEqual({ active: 1, certification_expired: 9 })
  expect(await transitionsOf(database, other)).toEqual(['active → certification_expired (date_moved)'])
  expect(await messagesOf(database, other)).toEqual(['lapsed 2020-01-01 pending'])
  const { rows } = await database.query('select distinct actor from expiry.mentor_status_transitions')
  expect(rows).toEqual([{ actor: 'operator' }])
  expect(await heldAlerts(database)).toEqual([])
  expect(await decide(database, 'approve', organisation)).toBe(0)
  expect(await decide(database, 'reject', organisation)).toBe(0)
})

test('rejected: everybody stays until the data is corrected, and it can still be approved', async () => {
  await using database = await freshDatabase()
  const organisation = await heldTen(database)
  expect(await decide(database, 'reject', organisation)).toBe(10)
  expect(await heldAlerts(database)).toEqual([])
  await nightly(database)
  expect(await standingOf(database, organisation)).toEqual({ active: 10 })
  expect(await countByStatus(database)).toEqual({ pending: 10 })
  await backdate(database, organisation, 10, '2020-02-02')
  expect(await standingOf(database, organisation)).toEqual({ active: 10 })
  expect(await decide(database, 'approve', organisation)).toBe(10)
  expect(await standingOf(database, organisation)).toEqual({ certification_expired: 10 })
})

test('a decision is somebody’s', async () => {
  await using database = await freshDatabase()
  const organisation = await heldTen(database)
  for (const actor of [null, '', ' '])
    await expect(database.query('select expiry.approve_expiries($1, $2)', [organisation, actor])).rejects.toMatchObject(
      {
        code: '22023',
      },
    )
  expect(await verdictsOf(database, organisation)).toEqual({ held: 10 })
})

test('corrected: the hold ends, nobody has noticed, and the brake is as new', async () => {
  await using database = await freshDatabase()
  const organisation = await heldTen(database)
  await database.query(`update expiry.certifications set expiry_date = '2026-03-30'`)
  expect(await verdictsOf(database, organisation)).toEqual({})
  expect(await heldAlerts(database)).toEqual([])
  expect(await countByStatus(database)).toEqual({ pending: 10 })
  const { rows } = await database.query('select from expiry.mentor_status_transitions')
  expect(rows).toEqual([])
  await backdate(database, organisation, 3)
  expect(await standingOf(database, organisation)).toEqual({ active: 7, certification_expired: 3 })
})

test.each(['held', 'rejected'])(
  '%s, and corrected after the admitted date: nobody leaves service by either',
  async (verdict) => {
    await using database = await freshDatabase()
    const organisation = await heldTen(database)
    if (verdict === 'rejected') await decide(database, 'reject', organisation)
    await setClock(database, '2026-03-30T22:05:00Z') // in Oslo it is the day after, and the night is still to come
    await database.query(`update expiry.certifications set expiry_date = '2027-03-30'`)
    expect(await standingOf(database, organisation)).toEqual({ active: 10 })
    const { rows } = await database.query('select from expiry.mentor_status_transitions')
    expect(rows).toEqual([])
  },
)

test('a second bad change does not move what was last admitted', async () => {
  await using database = await freshDatabase()
  const organisation = await heldTen(database)
  await database.query(`update expiry.certifications set expiry_date = '2021-01-01'`)
  await database.query('update expiry.reminder_dispatch_log set certification_id = null')
  await database.query('delete from expiry.certifications')
  await database.query(
    `insert into expiry.certifications (mentor_id, expiry_date) select id, '2022-01-01' from expiry.mentors`,
  )
  const { rows } = await database.query('select distinct verdict, admitted_date from expiry.backdated_expiries')
  expect(rows).toEqual([{ verdict: 'held', admitted_date: '2026-03-30' }])
  expect(await standingOf(database, organisation)).toEqual({ active: 10 })
  expect(await heldAlerts(database)).toEqual([{ organisation, count: 10 }])
})

test.each(['held', 'rejected', 'taken away'])(
  '%s, and then the admitted date runs out: they leave all the same',
  async (how) => {
    await using database = await freshDatabase()
    const organisation = await heldTen(database)
    if (how === 'rejected') await decide(database, 'reject', organisation)
    if (how === 'taken away') {
      await database.query('update expiry.reminder_dispatch_log set certification_id = null')
      await database.query('delete from expiry.certifications')
    }
    await setClock(database, '2026-03-30T12:00:00Z')
    await nightly(database)
    expect(await standingOf(database, organisation)).toEqual({ active: 10 })
    await setClock(database, '2026-03-31T12:00:00Z')
    await nightly(database)
    expect(await standingOf(database, organisation)).toEqual({ certification_expired: 10 })
    expect(await verdictsOf(database, organisation)).toEqual({})
    expect(await heldAlerts(database)).toEqual([])
    expect(await inconsistencies(database)).toEqual({ uncovered: 0, stale: 0 })
    const [mentor] = await mentorsOf(database, organisation)
    if (mentor === undefined) throw new Error('ten mentors')
    expect(await messagesOf(database, mentor)).toEqual(['lapsed 2026-03-30 pending'])
  },
)

test('held mentors are reminded about the date that was admitted', async () => {
  await using database = await freshDatabase()
  await heldTen(database)
  const { rows } = await database.query<{ id: number; generation: number }>(
    'select id, generation from expiry.reminder_dispatch_log',
  )
  const begun = await database.query<{ verdict: string }>(
    `select verdict from expiry.begin_reminder_delivery($1, $2, '{email}', 60)`,
    [rows.map(({ id }) => id), rows.map(({ generation }) => generation)],
  )
  expect(begun.rows.map(({ verdict }) => verdict)).toEqual(Array(10).fill('begun'))
})

test('a decision does not wait for a host that is changing one of them, and the night puts the alert right', async () => {
  await using database = await freshDatabase()
  const organisation = await heldTen(database)
  const [mentor] = await mentorsOf(database, organisation)
  if (mentor === undefined) throw new Error('ten mentors')
  const [host, operator] = [await database.connect(), await database.connect()]
  await host.query('begin')
  await moveExpiryDate(host, mentor, '2026-03-30')
  await operator.query(`set lock_timeout = '2s'`)
  expect(await decide(operator, 'reject', organisation)).toBe(9)
  await host.query('commit')
  await nightly(database)
  expect(await verdictsOf(database, organisation)).toEqual({ rejected: 9 })
  expect(await heldAlerts(database)).toEqual([])
})

test('decisions against hosts that correct one after the other: no deadlock', {
  timeout: 60_000,
}, async () => {
  await using database = await freshDatabase()
  const organisation = await heldTen(database)
  const mentors = await mentorsOf(database, organisation)
  const [one, two, operator] = [await database.connect(), await database.connect(), await database.connect()]
  for (let round = 0; round < 10; round += 1) {
    const date = round % 2 === 0 ? '2026-03-30' : '2020-01-01'
    const edit = async (client: typeof one, order: typeof mentors) => {
      await client.query('begin')
      for (const { id } of order)
        await client.query('update expiry.certifications set expiry_date = $2 where mentor_id = $1', [id, date])
      await client.query('commit')
    }
    const errors = await race(
      edit(one, mentors.slice(0, 5)),
      edit(two, mentors.slice(5).reverse()),
      decide(operator, 'reject', organisation),
      nightly(database),
    )
    expect(errors).toEqual([])
  }
  await nightly(database)
  expect(await unsettledMentors(database)).toBe(0)
  expect((await heldAlerts(database)).length).toBe(
    (await verdictsOf(database, organisation)).held === undefined ? 0 : 1,
  )
})
