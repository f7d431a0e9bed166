import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import {
  addMentor,
  addOrganisation,
  type MentorStatus,
  moveExpiryDate,
  nightly,
  setClock,
  setStatus,
} from '../support/people.ts'
import { inShort, reminders } from './reminders.ts'

let database: Database
let organisation: string
beforeAll(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  organisation = await addOrganisation(database)
})
afterAll(() => database[Symbol.asyncDispose]())

const statuses: MentorStatus[] = ['active', 'paused', 'inactive']
const isEligible = (status: MentorStatus) => status === 'active' || status === 'paused'

test.each(statuses)('a mentor who is %s and whose date comes in is reminded about if eligible', async (status) => {
  const mentor = await addMentor(database, { organisation, status, daysLeft: 20 })
  await nightly(database)
  expect(inShort(await reminders(database, mentor))).toBe(isEligible(status) ? '30 pending' : '')
})

test.each(statuses.flatMap((from) => statuses.filter((to) => to !== from).map((to) => ({ from, to }))))(
  'from $from to $to the reminders follow at once',
  async ({ from, to }) => {
    const mentor = await addMentor(database, { organisation, status: from, daysLeft: 20 })
    await setStatus(database, mentor, to)
    const before = isEligible(from) ? '30 superseded (not_eligible)' : ''
    expect(inShort(await reminders(database, mentor))).toBe(isEligible(to) ? '30 pending' : before)
  },
)

test("an expired certification takes what is open away, and its renewal brings the new date's reminder", async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  await moveExpiryDate(database, mentor, '2026-02-28')
  await setStatus(database, mentor, 'paused')
  expect(inShort(await reminders(database, mentor))).toBe('30 superseded (date_moved), lapsed pending')
  await moveExpiryDate(database, mentor, '2026-03-20')
  expect(inShort(await reminders(database, mentor))).toBe(
    '30 superseded (date_moved), lapsed superseded (renewed), restored pending, 30 pending',
  )
})

test('without a certification nobody is reminded, and nothing is due', async () => {
  const mentor = await addMentor(database, { organisation })
  await nightly(database)
  await setStatus(database, mentor, 'paused')
  expect(await reminders(database, mentor)).toEqual([])
  const { rows } = await database.query('select from expiry.due_reminders where mentor_id = $1', [mentor.id])
  expect(rows).toEqual([])
})

test('a date far away, or long gone, concerns nobody', async () => {
  const mentors = await Promise.all(
    ['2000-01-01', '2026-02-28', '2026-04-01', '2200-12-31'].map((expiryDate) =>
      addMentor(database, { organisation, expiryDate }),
    ),
  )
  await nightly(database)
  for (const mentor of mentors) expect(await reminders(database, mentor)).toEqual([])
})

test('a change that is rolled back leaves no trace', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 100 })
  const client = await database.connect()
  await client.query('begin')
  await moveExpiryDate(client, mentor, '2026-03-20')
  expect(inShort(await reminders(client, mentor))).toBe('30 pending')
  await client.query('rollback')
  expect(await reminders(database, mentor)).toEqual([])
})

test('each change of date leaves its row in the history, with the actor of the transaction or else the login', async () => {
  const mentor = await addMentor(database, { organisation, expiryDate: '2027-01-01' })
  const client = await database.connect()
  await client.query('begin')
  await client.query(`select set_config('expiry.actor', 'import 7', true)`)
  await moveExpiryDate(client, mentor, '2027-01-02')
  await client.query('commit')
  await moveExpiryDate(client, mentor, '2027-01-02')
  await moveExpiryDate(client, mentor, '2027-01-03')
  const { rows } = await database.query(
    `select old_expiry_date as from, new_expiry_date as to, actor from expiry.certification_history where mentor_id = $1 order by id`,
    [mentor.id],
  )
  expect(rows).toEqual([
    { from: '2027-01-01', to: '2027-01-02', actor: 'import 7' },
    { from: '2027-01-02', to: '2027-01-03', actor: 'postgres' },
  ])
})

test('an upsert that inserts and updates takes effect on both', async () => {
  const known = await addMentor(database, { organisation, expiryDate: '2027-01-01' })
  const unknown = await addMentor(database, { organisation })
  await database.query(
    `insert into expiry.certifications (mentor_id, expiry_date) select unnest($1::uuid[]), date '2026-03-11'
     on conflict (mentor_id) do update set expiry_date = excluded.expiry_date`,
    [[known.id, unknown.id]],
  )
  expect(inShort(await reminders(database, known))).toBe('14 pending')
  expect(inShort(await reminders(database, unknown))).toBe('14 pending')
})
