import { beforeEach, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, moveExpiryDate, nightly, setClock, setStatus } from '../support/people.ts'
import { deliver } from './delivery.ts'
import { inShort, reminders } from './reminders.ts'
import { messagesOf, pauseUntil, statusOf } from './status.ts'

let database: Database
let organisation: string
beforeEach(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  organisation = await addOrganisation(database)
  return () => database[Symbol.asyncDispose]()
})

test('a coordinator is told once of each leave and each return, however often the night looks', async () => {
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-10' })
  for (const [day, date] of [
    ['2026-03-11', '2026-05-10'],
    ['2026-05-11', '2026-07-10'],
  ] as const) {
    await setClock(database, `${day}T12:00:00Z`)
    await nightly(database)
    await nightly(database)
    await deliver(database, await reminders(database, mentor))
    await moveExpiryDate(database, mentor, date)
    await nightly(database)
    await deliver(database, await reminders(database, mentor))
  }
  expect(await messagesOf(database, mentor)).toEqual([
    'lapsed 2026-03-10 sent',
    'restored 2026-05-10 sent',
    'lapsed 2026-05-10 sent',
    'restored 2026-07-10 sent',
  ])
})

test('a renewal that is taken back revives the message about the leave, and put right that about the return', async () => {
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-10' })
  await setClock(database, '2026-03-11T12:00:00Z')
  await nightly(database)
  await moveExpiryDate(database, mentor, '2027-03-10')
  await moveExpiryDate(database, mentor, '2026-03-10')
  expect(await messagesOf(database, mentor)).toEqual([
    'lapsed 2026-03-10 pending',
    'restored 2027-03-10 superseded (lapsed)',
  ])
  await moveExpiryDate(database, mentor, '2027-03-10')
  expect(await messagesOf(database, mentor)).toEqual([
    'lapsed 2026-03-10 superseded (renewed)',
    'restored 2027-03-10 pending',
  ])
})

test('the night revives as well: a leave that a mistaken date had taken back', async () => {
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-10' })
  await setClock(database, '2026-03-11T12:00:00Z')
  await nightly(database)
  await moveExpiryDate(database, mentor, '2026-03-20')
  await database.query('alter table expiry.certifications disable trigger user')
  await moveExpiryDate(database, mentor, '2026-03-10')
  expect(await statusOf(database, mentor)).toBe('active') // nobody has looked
  await nightly(database)
  expect(await messagesOf(database, mentor)).toEqual([
    'lapsed 2026-03-10 pending',
    'restored 2026-03-20 superseded (lapsed)',
  ])
})

test('nobody is told about a mentor whom the website never could show', async () => {
  const never = [
    await addMentor(database, { organisation, expiryDate: '2026-02-01' }), // recorded when it had passed
    await addMentor(database, { organisation, expiryDate: '2026-03-10', status: 'paused' }),
    await addMentor(database, { organisation }),
    await addMentor(database, { organisation, expiryDate: '2026-02-01', status: 'inactive' }),
  ]
  const [, , undated, inactive] = never
  if (!undated || !inactive) throw new Error('four mentors')
  await setStatus(database, inactive, 'active')
  await database.query(`insert into expiry.certifications (mentor_id, expiry_date) values ($1, '2026-02-01')`, [
    undated.id,
  ])
  await setClock(database, '2026-03-11T12:00:00Z')
  await nightly(database)
  for (const mentor of never) expect(await statusOf(database, mentor)).toBe('certification_expired')
  await database.query(`update expiry.certifications set expiry_date = '2027-01-01'`)
  await nightly(database)
  for (const mentor of never) expect(await messagesOf(database, mentor)).toEqual([])
})

test('a paused mentor who was in service before is told about', async () => {
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-10' })
  await pauseUntil(database, mentor, null)
  await setClock(database, '2026-03-11T12:00:00Z')
  await nightly(database)
  expect(await messagesOf(database, mentor)).toEqual(['lapsed 2026-03-10 pending'])
})

test('a mentor who is deleted and recorded again with a date long gone begins anew, unseen', async () => {
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-20' })
  await database.query(`select expiry.remove_mentor($1, 'kari')`, [mentor.id])
  const again = await addMentor(database, { organisation, expiryDate: '2020-01-01' })
  await nightly(database)
  expect(await statusOf(database, again)).toBe('certification_expired')
  expect(await messagesOf(database, again)).toEqual([])
})

test('what the night finds waits for the sending hours; what a person does goes out at once', async () => {
  const office = await addOrganisation(database, { sendFrom: '08:00', sendUntil: '16:00' })
  const mentor = await addMentor(database, { organisation: office, expiryDate: '2026-03-10' })
  await setClock(database, '2026-03-10T23:15:00Z') // a quarter past midnight in Oslo
  await nightly(database)
  const waiting = async () => {
    const { rows } = await database.query(
      `select l.kind, round(extract(epoch from l.available_at - now()) / 3600)::int as hours
         from expiry.reminder_dispatch_log as l where l.mentor_id = $1 and l.kind <> 'reminder' order by l.id`,
      [mentor.id],
    )
    return rows
  }
  expect(await waiting()).toEqual([{ kind: 'lapsed', hours: 8 }])
  await moveExpiryDate(database, mentor, '2027-03-10')
  expect(await waiting()).toContainEqual({ kind: 'restored', hours: 0 })
})

test('a message whose facts have gone is not sent, although its job has come', async () => {
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-10' })
  await setClock(database, '2026-03-11T12:00:00Z')
  await nightly(database)
  await database.query('alter table expiry.certifications disable trigger user')
  await database.query('alter table expiry.mentors disable trigger user')
  await moveExpiryDate(database, mentor, '2027-03-10')
  await setStatus(database, mentor, 'active')
  await deliver(
    database,
    (await reminders(database, mentor)).filter(({ kind }) => kind === 'lapsed'),
  )
  expect(inShort(await reminders(database, mentor))).toContain('lapsed superseded (renewed)')
})
