import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, moveExpiryDate, nightly, setClock, setStatus } from '../support/people.ts'
import { accepted, attemptsOf, begin, claim, finish } from './delivery.ts'
import { inShort, onlyReminder, reminders } from './reminders.ts'

let database: Database
let organisation: string
beforeAll(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  organisation = await addOrganisation(database)
})
afterAll(() => database[Symbol.asyncDispose]())

const onTwoMentors = async () => {
  const held = await addMentor(database, { organisation, daysLeft: 20 })
  const free = await addMentor(database, { organisation, daysLeft: 20 })
  return { held, free, rows: [...(await reminders(database, held)), ...(await reminders(database, free))] }
}

/** A long transaction of somebody else holds a row, as long as the work lasts. */
async function whileHeld<T>(
  table: 'reminder_dispatch_log' | 'mentors',
  id: string | number,
  work: () => Promise<T>,
): Promise<T> {
  const holder = await database.connect()
  await holder.query('begin')
  await holder.query(`select from expiry.${table} where id = $1 for update`, [id])
  const result = await work()
  await holder.query('rollback')
  return result
}

test('begin leaves a row that somebody holds and begins the others of its batch', async () => {
  const { held, rows } = await onTwoMentors()
  const { id } = await onlyReminder(database, held)
  const verdicts = await whileHeld('reminder_dispatch_log', id, () => begin(database, rows))
  expect(verdicts.map(({ verdict }) => verdict)).toEqual(['locked', 'begun'])
  expect(await begin(database, rows)).toMatchObject([{ verdict: 'begun' }, { verdict: 'stale' }])
})

test('finish leaves a row that somebody holds and records the others of its batch', async () => {
  const { held, free, rows } = await onTwoMentors()
  const results = (await attemptsOf(database, rows)).map((attempt) => ({ ...attempt, answers: { email: accepted } }))
  const { id } = await onlyReminder(database, held)
  const verdicts = await whileHeld('reminder_dispatch_log', id, () => finish(database, results))
  expect(verdicts.sort((a, b) => a.id - b.id).map(({ verdict }) => verdict)).toEqual(['locked', 'recorded'])
  expect(inShort(await reminders(database, held))).toBe('30 sending')
  expect(inShort(await reminders(database, free))).toBe('30 sent')
  expect((await finish(database, results)).find((verdict) => verdict.id === id)).toMatchObject({ status: 'sent' })
})

test('a claim takes what nobody holds', async () => {
  const { held, free } = await onTwoMentors()
  const { id } = await onlyReminder(database, held)
  const jobs = await whileHeld('reminder_dispatch_log', id, () => claim(database))
  expect(jobs.map((job) => job.id)).toEqual([(await onlyReminder(database, free)).id])
})

test('a change of the host does not wait for a row that a sender holds; begin checks again', async () => {
  const { held } = await onTwoMentors()
  const row = await onlyReminder(database, held)
  await whileHeld('reminder_dispatch_log', row.id, () => moveExpiryDate(database, held, '2027-03-31'))
  expect(await begin(database, [row])).toMatchObject([{ verdict: 'superseded' }])
})

test('a mentor whom somebody holds is noted and settled later, the others at once', async () => {
  const { held, free } = await onTwoMentors()
  await whileHeld('mentors', held.id, () =>
    database.query(`update expiry.certifications set expiry_date = '2027-03-31' where mentor_id = any ($1)`, [
      [held.id, free.id],
    ]),
  )
  expect(inShort(await reminders(database, free))).toBe('30 superseded (renewed)')
  expect(inShort(await reminders(database, held))).toBe('30 pending')
  await database.query('select expiry.settle_rechecks(100)')
  expect(inShort(await reminders(database, held))).toBe('30 superseded (renewed)')
})

test('a mentor who is still held when the sweep comes is noted again, and the night does not wait either', async () => {
  const { held } = await onTwoMentors()
  await whileHeld('mentors', held.id, async () => {
    await moveExpiryDate(database, held, '2027-03-31')
    await database.query('select expiry.settle_rechecks(100)')
    await nightly(database)
    const { rows } = await database.query('select from expiry.mentor_rechecks where mentor_id = $1', [held.id])
    expect(rows.length).toBeGreaterThan(0)
  })
  await nightly(database)
  expect(inShort(await reminders(database, held))).toBe('30 superseded (renewed)')
})

test('a mentor who can never be settled does not keep the sweep from the others', async () => {
  const { held: stuck, free } = await onTwoMentors()
  for (const mentor of [stuck, free]) await setStatus(database, mentor, 'inactive')
  await database.query(`
    create function public.refuse() returns trigger language plpgsql as
    $$ begin raise exception 'no' using errcode = 'XX777'; end $$;
    create trigger refuse before update on expiry.reminder_dispatch_log for each row
    when (old.mentor_id = '${stuck.id}') execute function public.refuse()`)
  const holder = await database.connect()
  await holder.query('begin')
  await holder.query('select from expiry.mentors where id = any ($1) for update', [[stuck.id, free.id]])
  await database.query(`insert into expiry.mentor_rechecks (mentor_id) select unnest($1::uuid[])`, [
    [stuck.id, free.id],
  ])
  await holder.query(`set session_replication_role = 'replica'`)
  await holder.query(`update expiry.mentors set status = 'active' where id = any ($1)`, [[stuck.id, free.id]])
  await holder.query('commit')
  await database.query('select expiry.settle_rechecks(100)')
  expect(inShort(await reminders(database, free))).toBe('30 pending')
  expect(inShort(await reminders(database, stuck))).toBe('30 superseded (not_eligible)')
  await database.query('drop trigger refuse on expiry.reminder_dispatch_log')
  await database.query('update expiry.mentor_rechecks set available_at = now()')
  await database.query('select expiry.settle_rechecks(100)')
  expect(inShort(await reminders(database, stuck))).toBe('30 pending')
})
