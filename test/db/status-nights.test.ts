import type { Client } from 'pg'
import { expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentors, addOrganisation, nightly, type Runner, setClock } from '../support/people.ts'
import { inconsistentMentors, race, recheckedSoFar, settleRechecks } from './race.ts'
import { unsettledMentors } from './status.ts'
import { backendOf, untilBlocked } from './waiting.ts'

/** How many mentors changed so many times, as `from → to`. */
async function changes(runner: Runner): Promise<Record<string, number>> {
  const { rows } = await runner.query<{ line: string; count: number }>(
    `select line, count(*) as count from (
       select string_agg(from_status || ' → ' || to_status, ', ' order by id) as line
         from expiry.mentor_status_transitions group by mentor_id) as each group by line`,
  )
  return Object.fromEntries(rows.map(({ line, count }) => [line, count]))
}

/** 300 mentors: 200 lapse on 10 March, and of 100 with a valid date the pause ends on that day. Returns the organisation. */
async function eveOfChange(database: Database): Promise<string> {
  await setClock(database, '2026-03-01T12:00:00Z')
  const organisation = await addOrganisation(database, { brakeMentors: 300 })
  await addMentors(database, { organisation, count: 200, daysLeft: 8 })
  await addMentors(database, { organisation, count: 100, daysLeft: 300 })
  await database.query(
    `update expiry.mentors as m set status = 'paused', paused_until = '2026-03-10'
       from expiry.certifications as c where c.mentor_id = m.id and c.expiry_date > '2026-03-10'`,
  )
  await database.query('truncate expiry.mentor_status_transitions')
  return organisation
}

const once = { 'active → certification_expired': 200, 'paused → active': 100 }

test('the night twice, and three days late, changes each mentor once', async () => {
  await using database = await freshDatabase()
  await eveOfChange(database)
  await setClock(database, '2026-03-13T12:00:00Z')
  await nightly(database)
  await nightly(database)
  expect(await changes(database)).toEqual(once)
})

test('two schedulers at once, 20 rounds: one works, each mentor changes once', { timeout: 60_000 }, async () => {
  await using database = await freshDatabase()
  await eveOfChange(database)
  const [one, two] = [await database.connect(), await database.connect()]
  const tick = (client: Client) => client.query(`call expiry.nightly('test')`)
  for (let round = 0; round < 20; round += 1) {
    await database.query('truncate expiry.mentor_status_transitions')
    await database.query('update expiry.organisations set processed_on = null')
    await setClock(database, round % 2 === 0 ? '2026-03-10T12:00:00Z' : '2026-03-01T12:00:00Z')
    if (round % 2 === 1)
      await database.query(
        `update expiry.mentors as m set status = 'paused', paused_until = '2026-03-10'
           from expiry.certifications as c where c.mentor_id = m.id and c.expiry_date > '2026-03-10'`,
      )
    expect(await race(tick(one), tick(two))).toEqual([])
    if (round % 2 === 0) expect(await changes(database)).toEqual(once)
    else expect(await changes(database)).toEqual({ 'certification_expired → active': 200, 'active → paused': 100 })
    expect(await unsettledMentors(database)).toBe(0)
  }
})

test('what a renewal that is not yet committed concerns the night leaves alone; nobody leaves service for a minute', async () => {
  await using database = await freshDatabase()
  await eveOfChange(database)
  await setClock(database, '2026-03-10T12:00:00Z')
  const renewal = await database.connect()
  await renewal.query('begin')
  await renewal.query(`update expiry.certifications set expiry_date = '2027-03-09' where expiry_date = '2026-03-09'`)
  await nightly(database)
  expect(await changes(database)).toEqual({ 'paused → active': 100 })
  await renewal.query('commit')
  await settleRechecks(database)
  await nightly(database)
  expect(await changes(database)).toEqual({ 'paused → active': 100 })
  expect(await unsettledMentors(database)).toBe(0)
})

test('a renewal that is rolled back leaves its mentors to the next night, who then lapse once', async () => {
  await using database = await freshDatabase()
  await eveOfChange(database)
  await setClock(database, '2026-03-10T12:00:00Z')
  const renewal = await database.connect()
  await renewal.query('begin')
  await renewal.query(`update expiry.certifications set expiry_date = '2027-03-09' where expiry_date = '2026-03-09'`)
  await nightly(database)
  await renewal.query('rollback')
  await nightly(database)
  expect(await changes(database)).toEqual(once)
})

test('a renewal in mid-statement: the night finds half of the dates locked and goes round them', async () => {
  await using database = await freshDatabase()
  await eveOfChange(database)
  await setClock(database, '2026-03-10T12:00:00Z')
  const [blocker, renewal] = [await database.connect(), await database.connect()]
  const pid = await backendOf(renewal)
  await blocker.query('begin')
  await blocker.query(
    `select from expiry.certifications where expiry_date = '2026-03-09' order by id desc limit 1 for no key update`,
  )
  const renewing = renewal.query(
    `update expiry.certifications as c set expiry_date = '2027-03-09'
       from (select id from expiry.certifications order by id) as ordered where ordered.id = c.id`,
  )
  await untilBlocked(database, pid)
  await nightly(database)
  const left = (await changes(database))['active → certification_expired'] ?? 0
  expect(left).toBeLessThan(200)
  await blocker.query('commit')
  await renewing
  await settleRechecks(database)
  expect(await unsettledMentors(database)).toBe(0)
  expect(await inconsistentMentors(database)).toBe(0)
})

test('20 rounds of nights during a bulk renewal: everybody ends right, and nobody changes twice', {
  timeout: 90_000,
}, async () => {
  await using database = await freshDatabase()
  await eveOfChange(database)
  await setClock(database, '2026-03-10T12:00:00Z')
  const [renewal, one, two] = [await database.connect(), await database.connect(), await database.connect()]
  for (let round = 0; round < 20; round += 1) {
    await database.query('truncate expiry.mentor_status_transitions')
    await database.query('update expiry.organisations set processed_on = null')
    const date = round % 2 === 0 ? '2027-03-09' : '2026-03-09'
    const errors = await race(
      renewal.query('update expiry.certifications set expiry_date = $1', [date]),
      nightly(one),
      two.query(`call expiry.nightly('test')`),
    )
    expect(errors).toEqual([])
    await settleRechecks(database)
    await nightly(database)
    expect(await unsettledMentors(database)).toBe(0)
    expect(await inconsistentMentors(database)).toBe(0)
    const often = Object.keys(await changes(database)).filter((line) => line.split(',').length > (round === 0 ? 2 : 1))
    expect({ round, often }).toEqual({ round, often: [] })
  }
  expect(await recheckedSoFar(database)).toBeGreaterThan(0)
})
