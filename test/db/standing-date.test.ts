import { expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import {
  addMentor,
  addMentors,
  addOrganisation,
  type Mentor,
  moveExpiryDate,
  nightly,
  setClock,
  setStatus,
} from '../support/people.ts'
import { backdate, heldAlerts, mentorsOf, verdictsOf } from './brake.ts'
import { begin, deliver, rejected } from './delivery.ts'
import { inconsistencies, reminders } from './reminders.ts'
import { messagesOf, pauseUntil, statusOf, transitionsOf } from './status.ts'

const day = '2026-03-10T12:00:00Z'

/** Ten mentors whose certifications end on 30 March, all moved to 2020 by mistake: held. */
async function heldTen(database: Database): Promise<{ organisation: string; mentor: Mentor }> {
  await setClock(database, day)
  const organisation = await addOrganisation(database)
  await addMentors(database, { organisation, count: 10, daysLeft: 20 })
  await backdate(database, organisation, 10)
  const [mentor] = await mentorsOf(database, organisation)
  if (!mentor) throw new Error('ten mentors')
  return { organisation, mentor }
}

async function removeCertifications(database: Database): Promise<void> {
  await database.query('update expiry.reminder_dispatch_log set certification_id = null')
  await database.query('delete from expiry.certifications')
}

async function remindersOf(database: Database, { id }: Mentor): Promise<string[]> {
  const { rows } = await database.query<{ line: string }>(
    `select threshold_day || ' before ' || certification_expiry_date || ' ' || status as line
       from expiry.reminder_dispatch_log where mentor_id = $1 and kind = 'reminder' order by id`,
    [id],
  )
  return rows.map(({ line }) => line)
}

test.each(['moved', 'taken away'])('a date %s and held: reminders go on about the one that stands', async (how) => {
  await using database = await freshDatabase()
  const { mentor } = await heldTen(database)
  if (how === 'taken away') await removeCertifications(database)
  await setClock(database, '2026-03-16T12:00:00Z')
  const { rows: forecast } = await database.query<{ line: string }>(
    `select threshold_day || ' ' || due_on || ' ' || outcome as line from expiry.forecast_reminders(7, $1) order by due_on`,
    [mentor.id],
  )
  expect(forecast.map(({ line }) => line)).toEqual(['14 2026-03-16 due', '7 2026-03-23 upcoming'])
  await nightly(database)
  expect(await remindersOf(database, mentor)).toEqual([
    '30 before 2026-03-30 superseded',
    '14 before 2026-03-30 pending',
  ])
  expect(await inconsistencies(database)).toEqual({ uncovered: 0, stale: 0 })
})

test('an admitted date that runs out while another is held is a lapse by the calendar', async () => {
  await using database = await freshDatabase()
  const { mentor, organisation } = await heldTen(database)
  await setClock(database, '2026-03-31T12:00:00Z')
  await nightly(database)
  expect(await transitionsOf(database, mentor)).toEqual(['active → certification_expired (lapsed)'])
  expect(await verdictsOf(database, organisation)).toEqual({})
})

test('a certification that was taken away, held, and is recorded anew ends the hold at once, however far its date', async () => {
  await using database = await freshDatabase()
  const { organisation } = await heldTen(database)
  await removeCertifications(database)
  expect(await heldAlerts(database)).toEqual([{ organisation, count: 10 }])
  await database.query(
    `insert into expiry.certifications (mentor_id, expiry_date) select id, '2028-01-01' from expiry.mentors`,
  )
  expect(await verdictsOf(database, organisation)).toEqual({})
  expect(await heldAlerts(database)).toEqual([])
})

test('whoever was seen until the certification was taken away is told of when it comes back lapsed, days later', async () => {
  await using database = await freshDatabase()
  await setClock(database, day)
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-12-31' })
  await removeCertifications(database)
  await setClock(database, '2026-03-12T12:00:00Z')
  await nightly(database)
  await database.query(`insert into expiry.certifications (mentor_id, expiry_date) values ($1, '2026-03-01')`, [
    mentor.id,
  ])
  expect(await messagesOf(database, mentor)).toEqual(['lapsed 2026-03-01 pending'])
  expect(await verdictsOf(database, organisation)).toEqual({})
})

test('a pause is over for whoever left the programme during it and came back', async () => {
  await using database = await freshDatabase()
  await setClock(database, day)
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-20' })
  await pauseUntil(database, mentor, '2026-06-01')
  for (const status of ['inactive', 'active'] as const) await setStatus(database, mentor, status)
  await setClock(database, '2026-03-21T12:00:00Z')
  await nightly(database)
  await moveExpiryDate(database, mentor, '2027-01-01')
  expect(await statusOf(database, mentor)).toBe('active')
})

test('a message that was refused, withdrawn and is true again is handed to the channel again', async () => {
  await using database = await freshDatabase()
  await setClock(database, day)
  const organisation = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-20' })
  await setClock(database, '2026-03-21T12:00:00Z')
  await nightly(database)
  const lapsed = async () =>
    (await reminders(database, mentor)).filter(({ kind, status }) => kind === 'lapsed' && status !== 'superseded')
  await deliver(database, await lapsed(), rejected)
  for (const status of ['inactive', 'active'] as const) await setStatus(database, mentor, status)
  const [begun] = await begin(database, await lapsed())
  expect(begun).toMatchObject({ verdict: 'begun', delivery: { refusedChannels: [] } })
})
