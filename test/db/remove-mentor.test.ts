import { beforeEach, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, type Mentor, nightly, only, setClock, setStatus } from '../support/people.ts'
import { accepted, attemptsOf, finish } from './delivery.ts'
import { reminders } from './reminders.ts'
import { phaseOf, runOf } from './runs.ts'
import { transitionsOf } from './status.ts'

let database: Database
let organisation: string
beforeEach(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  organisation = await addOrganisation(database)
  return () => database[Symbol.asyncDispose]()
})

async function remove(mentor: Mentor): Promise<boolean> {
  const { rows } = await database.query<{ gone: boolean }>(`select expiry.remove_mentor($1, 'kari') as gone`, [
    mentor.id,
  ])
  return only(rows).gone
}

/** Which tables still know the mentor. */
async function traces(mentor: Mentor): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(
    `select 'mentors' as name from expiry.mentors where id = $1
     union select 'certifications' from expiry.certifications where mentor_id = $1
     union select 'certification_history' from expiry.certification_history where mentor_id = $1
     union select 'reminder_dispatch_log' from expiry.reminder_dispatch_log where mentor_id = $1
     union select 'mentor_rechecks' from expiry.mentor_rechecks where mentor_id = $1
     union select 'portal_sync' from expiry.portal_sync where mentor_id = $1 order by 1`,
    [mentor.id],
  )
  return rows.map(({ name }) => name)
}

async function publish(mentor: Mentor): Promise<void> {
  await database.query('update expiry.organisations set portal_enabled = true')
  await database.query(`update expiry.mentors set portal_key = 'key-1' where id = $1`, [mentor.id])
}

async function acknowledge(): Promise<void> {
  await database.query(`update expiry.portal_sync set status = 'synced', synced_version = desired_version`)
}

test('a mentor who is not published is gone at once, all but the transitions; twice is the same as once', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  await database.query(`update expiry.certifications set expiry_date = '2026-03-22'`)
  expect(await remove(mentor)).toBe(true)
  expect(await traces(mentor)).toEqual([])
  expect(await transitionsOf(database, mentor)).toEqual(['active → inactive (removed)'])
  expect(await remove(mentor)).toBe(true)
})

test('a published mentor is hidden first, and deleted once the portal has acknowledged', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  await publish(mentor)
  await acknowledge()
  expect(await remove(mentor)).toBe(false)
  expect(await remove(mentor)).toBe(false)
  await nightly(database)
  expect(await traces(mentor)).toContain('mentors')
  const { rows } = await database.query('select status, removal_requested_by from expiry.mentors')
  expect(rows).toEqual([{ status: 'inactive', removal_requested_by: 'kari' }])
  const asked = await database.query(`select status, desired ->> 'visible' as visible from expiry.portal_sync`)
  expect(asked.rows).toEqual([{ status: 'pending', visible: 'false' }])
  await acknowledge()
  await nightly(database)
  expect(await traces(mentor)).toEqual([])
})

test('a mentor brought back before the portal has acknowledged stays', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  await publish(mentor)
  await remove(mentor)
  await setStatus(database, mentor, 'active')
  await acknowledge()
  await nightly(database)
  expect(await traces(mentor)).toContain('mentors')
})

test('what is being sent is left to end, and then the mentor goes', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  const attempts = await attemptsOf(database, await reminders(database, mentor))
  expect(await remove(mentor)).toBe(false)
  await finish(
    database,
    attempts.map((attempt) => ({ ...attempt, answers: { email: accepted } })),
  )
  await nightly(database)
  expect(await traces(mentor)).toEqual([])
})

test('a certification that was another mentor’s goes with its last one, and the other’s reminders stay', async () => {
  const [first, heir] = [
    await addMentor(database, { organisation, daysLeft: 20 }),
    await addMentor(database, { organisation }),
  ]
  await database.query('update expiry.certifications set mentor_id = $1', [heir.id])
  expect(await remove(heir)).toBe(true)
  expect((await reminders(database, first)).length).toBe(1)
})

test('a mentor whom a table of the host still names stops the removal of nobody else', async () => {
  const named = await addMentor(database, { organisation, daysLeft: 100 })
  const other = await addMentor(database, { organisation, daysLeft: 100 })
  for (const { id } of [named, other]) {
    await database.query(
      `update expiry.mentors set status = 'inactive', removal_requested_at = now(), removal_requested_by = 'kari' where id = $1`,
      [id],
    )
  }
  await database.query('create table public.meetings (mentor_id uuid references expiry.mentors (id))')
  await database.query('insert into public.meetings values ($1)', [named.id])
  const run = await runOf(database, await nightly(database))
  expect(phaseOf(run, 'remove')).toMatchObject({
    outcome: 'failed',
    count: 1,
    stuck: [{ mentor: named.id, code: '23503' }],
  })
  expect((await database.query('select id from expiry.mentors')).rows).toEqual([{ id: named.id }])
})

test('a removal waits for no host that holds the certification, and ends what was open about the mentor', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 100 })
  await database.query(
    `update expiry.mentors set status = 'inactive', removal_requested_at = now(), removal_requested_by = 'kari' where id = $1`,
    [mentor.id],
  )
  await database.query(`select expiry.raise_alert('mentor_stuck', 'warning', $1, '{}')`, [`mentor_stuck:${mentor.id}`])
  const host = await database.connect()
  await host.query('begin')
  await host.query('update expiry.certifications set expiry_date = expiry_date where mentor_id = $1', [mentor.id])
  expect(phaseOf(await runOf(database, await nightly(database)), 'remove')).toMatchObject({ outcome: 'done', count: 0 })
  await host.query('commit')
  expect(phaseOf(await runOf(database, await nightly(database)), 'remove')).toMatchObject({ outcome: 'done', count: 1 })
  const open = await database.query(
    `select from expiry.operations_alerts where kind = 'mentor_stuck' and resolved_at is null`,
  )
  expect(open.rowCount).toBe(0)
})

test('a mentor whose contact is gone is shown nowhere, and can be removed', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  await publish(mentor)
  await remove(mentor)
  await database.query(`update expiry.portal_sync set status = 'parked', last_error = 'http_404'`)
  await database.query('select expiry.delete_removed_mentors()')
  expect(await traces(mentor)).toContain('mentors')
  await database.query(`update expiry.portal_sync set last_error = '0x80060891'`)
  await database.query('select expiry.delete_removed_mentors()')
  expect(await traces(mentor)).toEqual([])
})
