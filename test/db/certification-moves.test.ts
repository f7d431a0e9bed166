import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, type Mentor, setClock } from '../support/people.ts'
import { inShort, reminders } from './reminders.ts'

let database: Database
let organisation: string
beforeAll(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  organisation = await addOrganisation(database)
})
afterAll(() => database[Symbol.asyncDispose]())

const history = async ({ certification }: Mentor) => {
  const { rows } = await database.query(
    `select mentor_id as "mentorId", old_expiry_date as old, new_expiry_date as new
       from expiry.certification_history where certification_id = $1 order by id`,
    [certification],
  )
  return rows
}

test('a certification moved to another mentor takes effect on both at once', async () => {
  const former = await addMentor(database, { organisation, daysLeft: 20 })
  const present = await addMentor(database, { organisation })
  await database.query('update expiry.certifications set mentor_id = $2 where id = $1', [
    former.certification,
    present.id,
  ])
  expect(inShort(await reminders(database, former))).toBe('30 superseded (not_eligible)')
  expect(inShort(await reminders(database, present))).toBe('30 pending')
  expect(await history(former)).toEqual([{ mentorId: present.id, old: '2026-03-21', new: '2026-03-21' }])
})

test('and back again, with another date: the first mentor is reminded about the new one', async () => {
  const first = await addMentor(database, { organisation, daysLeft: 20 })
  const second = await addMentor(database, { organisation })
  await database.query('update expiry.certifications set mentor_id = $2 where id = $1', [
    first.certification,
    second.id,
  ])
  await database.query(`update expiry.certifications set mentor_id = $2, expiry_date = '2026-03-11' where id = $1`, [
    first.certification,
    first.id,
  ])
  expect(inShort(await reminders(database, first))).toBe('30 superseded (not_eligible), 14 pending')
  expect(inShort(await reminders(database, second))).toBe('30 superseded (not_eligible)')
  expect(await history(first)).toEqual([
    { mentorId: second.id, old: '2026-03-21', new: '2026-03-21' },
    { mentorId: first.id, old: '2026-03-21', new: '2026-03-11' },
  ])
})

test('an update that changes neither date nor mentor leaves no history', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  await database.query(
    'update expiry.certifications set expiry_date = expiry_date, mentor_id = mentor_id where id = $1',
    [mentor.certification],
  )
  expect(await history(mentor)).toEqual([])
  expect(inShort(await reminders(database, mentor))).toBe('30 pending')
})
