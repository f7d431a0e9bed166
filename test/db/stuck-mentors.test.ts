import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, type Mentor, nightly, only, setClock } from '../support/people.ts'
import { inShort, reminders } from './reminders.ts'
import { refuseRemindersOf } from './runs.ts'

let database: Database
let organisation: string
beforeEach(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  organisation = await addOrganisation(database)
})
afterEach(() => database[Symbol.asyncDispose]())

/** A mentor whose reminder the log refuses, so that the trigger could only note him. */
async function stuckMentor(): Promise<{ mentor: Mentor; heal: () => Promise<unknown> }> {
  const mentor = await addMentor(database, { organisation })
  const { heal } = await refuseRemindersOf(database, [mentor])
  await database.query(`insert into expiry.certifications (mentor_id, expiry_date) values ($1, '2026-03-21')`, [
    mentor.id,
  ])
  return { mentor, heal }
}

const sweep = async () => {
  const { rows } = await database.query<{ count: number }>('select expiry.settle_rechecks(1000) as count')
  return only(rows).count
}
const noteOf = async (mentor: Mentor) => {
  const { rows } = await database.query<{ failures: number; code: string | null; pause: number }>(
    `select failures, last_error as code, round(extract(epoch from available_at - clock_timestamp()))::integer as pause
       from expiry.mentor_rechecks where mentor_id = $1`,
    [mentor.id],
  )
  return only(rows)
}
/** Moves the notes into the past, as if so many minutes had gone by. */
const minutesPass = (minutes: number) =>
  database.query(
    `update expiry.mentor_rechecks
        set requested_at = requested_at - $1 * interval '1 minute', available_at = available_at - $1 * interval '1 minute'`,
    [minutes],
  )
const openAlerts = async () => {
  const { rows } = await database.query(
    `select kind, severity, dedupe_key as key, details from expiry.operations_alerts
      where kind = 'mentor_stuck' and resolved_at is null`,
  )
  return rows
}

test('a mentor who keeps failing is tried more and more rarely, also when new changes note him again', async () => {
  const { mentor } = await stuckMentor()
  const pauses: number[] = []
  for (let round = 1; round <= 9; round += 1) {
    expect(await sweep()).toBe(1)
    const { failures, code, pause } = await noteOf(mentor)
    expect({ failures, code }).toEqual({ failures: round, code: 'XX777' })
    pauses.push(pause)
    await database.query('insert into expiry.mentor_rechecks (mentor_id) values ($1)', [mentor.id])
    expect(await sweep()).toBe(0)
    await minutesPass(16)
  }
  expect(pauses).toEqual([10, 20, 40, 80, 160, 320, 640, 900, 900])
})

test('one alert is open about a mentor who has been stuck for an hour, and it closes when he is settled', async () => {
  const { mentor, heal } = await stuckMentor()
  await sweep()
  await minutesPass(59)
  await sweep()
  expect(await openAlerts()).toEqual([])
  for (let round = 0; round < 3; round += 1) {
    await minutesPass(16)
    await sweep()
    expect(await openAlerts()).toEqual([
      {
        kind: 'mentor_stuck',
        severity: 'warning',
        key: `mentor_stuck:${mentor.id}`,
        details: { mentor: mentor.id, code: 'XX777' },
      },
    ])
  }
  await heal()
  await minutesPass(16)
  await sweep()
  expect(inShort(await reminders(database, mentor))).toBe('30 pending')
  expect(await openAlerts()).toEqual([])
  expect(await sweep()).toBe(0)
})

test('a mentor held by one endless transaction is tried at each sweep, and named after an hour', async () => {
  const mentor = await addMentor(database, { organisation })
  const holder = await database.connect()
  await holder.query('begin')
  await holder.query('select from expiry.mentors where id = $1 for update', [mentor.id])
  await database.query('insert into expiry.mentor_rechecks (mentor_id) values ($1)', [mentor.id])
  for (let round = 0; round < 3; round += 1) expect(await sweep()).toBe(1)
  expect(await openAlerts()).toEqual([])
  await minutesPass(61)
  await sweep()
  expect(await openAlerts()).toMatchObject([{ details: { mentor: mentor.id, code: '55P03' } }])
  await holder.query('commit')
  await sweep()
  expect(await openAlerts()).toEqual([])
})

test('the stuck one is left out of the sweeps in between, the others are not, and the night closes the alert too', async () => {
  const { mentor, heal } = await stuckMentor()
  await sweep()
  const other = await addMentor(database, { organisation, daysLeft: 20 })
  await database.query('insert into expiry.mentor_rechecks (mentor_id) select unnest($1::uuid[])', [
    [mentor.id, other.id],
  ])
  expect(await sweep()).toBe(1)
  await minutesPass(61)
  await nightly(database)
  expect(await openAlerts()).toHaveLength(1)
  await heal()
  await minutesPass(16)
  await nightly(database)
  expect(await openAlerts()).toEqual([])
})

test('a note about somebody who is gone ends, and names nobody', async () => {
  await database.query(
    `insert into expiry.mentor_rechecks (mentor_id, requested_at) values (gen_random_uuid(), '2026-01-01')`,
  )
  await sweep()
  expect((await database.query('select from expiry.mentor_rechecks')).rows).toEqual([])
  expect(await openAlerts()).toEqual([])
})
