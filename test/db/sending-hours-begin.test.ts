import { beforeEach, describe, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addCoordinator, addOrganisation, type Mentor, moveExpiryDate, setClock } from '../support/people.ts'
import { attemptsOf, begin, claim, deliver, failed, finish, rejected } from './delivery.ts'
import { onlyReminder, reminders } from './reminders.ts'
import { day, evening, foundAt, mentorOf, midnight, noon, waitingIsOver, waits } from './sending-hours.ts'

let database: Database
beforeEach(async () => {
  database = await freshDatabase()
  return () => database[Symbol.asyncDispose]()
})

describe('what a person does goes out at once, at any hour', () => {
  const found = async (mentor: Mentor) => {
    expect(await waits(database, mentor)).toBe(0)
    expect(await begin(database, await reminders(database, mentor))).toMatchObject([{ verdict: 'begun' }])
  }

  test('a date that was moved', async () => {
    const mentor = await mentorOf(database)
    await setClock(database, evening)
    await moveExpiryDate(database, mentor, '2026-04-01')
    await found(mentor)
  })

  test('a date that was moved away and back while the reminder waited', async () => {
    const mentor = await foundAt(database, midnight)
    await moveExpiryDate(database, mentor, '2027-04-09')
    await moveExpiryDate(database, mentor, '2026-04-09')
    await found(mentor)
  })

  test('a coordinator who was given to a mentor without one', async () => {
    const mentor = await foundAt(database, midnight, { ...day, coordinator: null })
    const { rows } = await database.query<{ id: string }>('select organisation_id as id from expiry.mentors')
    const coordinator = await addCoordinator(database, { organisation: rows[0]?.id ?? '' })
    await database.query('update expiry.mentors set coordinator_id = $1', [coordinator])
    await found(mentor)
  })

  test('a threshold that was asked for by hand', async () => {
    const mentor = await mentorOf(database)
    await setClock(database, evening)
    await database.query('select expiry.enqueue_due_reminders(30)')
    await found(mentor)
  })

  test('a reminder that is to be tried again', async () => {
    const mentor = await foundAt(database, noon)
    await deliver(database, await reminders(database, mentor), rejected)
    await setClock(database, evening)
    await database.query(`select expiry.retry_reminder($1, 'ola')`, [(await onlyReminder(database, mentor)).id])
    await found(mentor)
  })
})

describe('begin looks at the hours again', () => {
  test('a reminder that stood in the queue until they ended is put off, without an attempt, and sent when they begin', async () => {
    const mentor = await foundAt(database, noon)
    const [job] = await claim(database)
    expect(job).toBeDefined()
    await setClock(database, evening)
    expect(await begin(database, job ? [job] : [])).toMatchObject([{ verdict: 'put_off', delivery: null }])
    expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending', attempts: 0, generation: 1 })
    expect(await waits(database, mentor)).toBe(8.5)
    await waitingIsOver(database, '2026-03-11T06:00:00Z')
    expect(await begin(database, await claim(database))).toMatchObject([{ verdict: 'begun' }])
  })

  test('a job that came before its claim was there is put off as well', async () => {
    const mentor = await foundAt(database, noon)
    await setClock(database, evening)
    expect(await begin(database, await reminders(database, mentor))).toMatchObject([{ verdict: 'put_off' }])
    expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending', generation: 0 })
    expect(await waits(database, mentor)).toBe(8.5)
  })

  test('so is one whose transient answer came just before they ended', async () => {
    const mentor = await foundAt(database, '2026-03-10T19:59:00Z')
    const attempts = await attemptsOf(database, await claim(database))
    await finish(
      database,
      attempts.map((attempt) => ({ ...attempt, answers: { email: failed } })),
    )
    await waitingIsOver(database, evening)
    expect(await begin(database, await claim(database))).toMatchObject([{ verdict: 'put_off' }])
    expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending', attempts: 1 })
  })

  test('on the last day it goes out after them', async () => {
    await foundAt(database, noon, { ...day, expiryDate: '2026-03-10' })
    await setClock(database, evening)
    expect(await begin(database, await claim(database))).toMatchObject([{ verdict: 'begun' }])
  })

  test('the hours are those of the organisation that the mentor is in now', async () => {
    const mentor = await foundAt(database, noon)
    const jobs = await claim(database)
    const elsewhere = await addOrganisation(database)
    await database.query('update expiry.mentors set organisation_id = $2, coordinator_id = $3 where id = $1', [
      mentor.id,
      elsewhere,
      await addCoordinator(database, { organisation: elsewhere }),
    ])
    await setClock(database, evening)
    expect(await begin(database, jobs)).toMatchObject([{ verdict: 'begun' }])
  })

  test('the hours that it waits do not count as time in which it was tried', async () => {
    const mentor = await foundAt(database, '2026-03-10T19:59:00Z')
    await deliver(database, await reminders(database, mentor), failed)
    await waitingIsOver(database, evening)
    await begin(database, await claim(database))
    const { rows } = await database.query(
      `select first_failed_at > now() + interval '8 hours' as later from expiry.reminder_dispatch_log where mentor_id = $1`,
      [mentor.id],
    )
    expect(rows).toEqual([{ later: true }])
  })

  test('and one that pauses then, after a transient answer, is not said to wait for them', async () => {
    const mentor = await foundAt(database, noon, { ...day, expiryDate: '2026-03-10' })
    await setClock(database, evening)
    await deliver(database, await reminders(database, mentor), failed)
    expect((await database.query('select from expiry.waiting_reminders')).rows).toEqual([])
  })

  test('one whose facts are gone is not put off but superseded', async () => {
    const mentor = await foundAt(database, noon)
    const jobs = await claim(database)
    const client = await database.connect()
    await client.query('set session_replication_role = replica')
    await client.query(`update expiry.certifications set expiry_date = '2027-04-09' where mentor_id = $1`, [mentor.id])
    await setClock(database, evening)
    expect(await begin(database, jobs)).toMatchObject([{ verdict: 'superseded' }])
  })
})
