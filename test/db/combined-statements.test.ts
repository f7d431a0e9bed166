import { beforeEach, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addMentors, addOrganisation, setClock } from '../support/people.ts'
import { heldAlerts, standingOf, verdictsOf } from './brake.ts'
import { messagesOf, statusOf, transitionsOf } from './status.ts'

let database: Database
let organisation: string
beforeEach(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-10T12:00:00Z')
  organisation = await addOrganisation(database)
  return () => database[Symbol.asyncDispose]()
})

async function expectAllHeld(count: number, status: 'active' | 'paused'): Promise<void> {
  expect(await standingOf(database, organisation)).toEqual({ [status]: count })
  expect(await verdictsOf(database, organisation)).toEqual({ held: count })
  expect(await heldAlerts(database)).toEqual([{ organisation, count }])
}

test('dates that move into the past together with the ids of their certifications are held', async () => {
  await addMentors(database, { organisation, count: 20, daysLeft: 200 })
  await database.query(`update expiry.certifications set id = gen_random_uuid(), expiry_date = '2020-01-01'`)
  await expectAllHeld(20, 'active')
})

test('one statement that records certifications, moves dates and pauses mentors is held', async () => {
  await addMentors(database, { organisation, count: 20, daysLeft: 200 })
  const newcomer = await addMentor(database, { organisation, status: 'inactive' })
  await database.query(`
    with recorded as (insert into expiry.certifications (mentor_id, expiry_date) values ('${newcomer.id}', '2027-01-01')),
         moved as (update expiry.certifications set expiry_date = '2020-01-01')
    update expiry.mentors set status = 'paused' where status = 'active'`)
  expect(await statusOf(database, newcomer)).toBe('inactive')
  await database.query('delete from expiry.certifications where mentor_id = $1', [newcomer.id])
  await database.query('delete from expiry.mentors where id = $1', [newcomer.id])
  await expectAllHeld(20, 'paused')
})

test('who was seen until the statement that pauses them and takes the date away is told of', async () => {
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-06-10' })
  await database.query(`
    with moved as (update expiry.certifications set expiry_date = '2020-01-01')
    update expiry.mentors set status = 'paused'`)
  expect(await transitionsOf(database, mentor)).toEqual([
    'active → paused (updated)',
    'paused → certification_expired (date_moved)',
  ])
  expect(await messagesOf(database, mentor)).toEqual(['lapsed 2020-01-01 pending'])
})

test('who is set active by the statement that takes the date away was never seen', async () => {
  const mentor = await addMentor(database, { organisation, status: 'inactive', expiryDate: '2026-06-10' })
  await database.query(`
    with moved as (update expiry.certifications set expiry_date = '2020-01-01')
    update expiry.mentors set status = 'active'`)
  expect(await transitionsOf(database, mentor)).toEqual([
    'inactive → active (updated)',
    'active → certification_expired (date_moved)',
  ])
  expect(await messagesOf(database, mentor)).toEqual([])
})

test('mentors whose status changes beside the date of another one are settled in the same transaction, and not again', async () => {
  const renewed = await addMentor(database, { organisation, expiryDate: '2026-06-10' })
  const [first, second] = [
    await addMentor(database, { organisation, expiryDate: '2026-02-10' }),
    await addMentor(database, { organisation, expiryDate: '2026-02-10' }),
  ]
  await database.query(`
    with moved as (update expiry.certifications set expiry_date = '2026-07-01' where mentor_id = '${renewed.id}'),
         one as (update expiry.mentors set status = 'active' where id = '${first.id}')
    update expiry.mentors set status = 'active' where id = '${second.id}'`)
  expect(await standingOf(database, organisation)).toEqual({ active: 1, certification_expired: 2 })
  const { rows } = await database.query('select from expiry.mentor_rechecks')
  expect(rows).toEqual([])
})
