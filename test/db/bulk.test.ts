import type { Client } from 'pg'
import { expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentors, addOrganisation, nightly, type Runner, setClock } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { countByStatus, inconsistencies } from './reminders.ts'
import { runs } from './runs.ts'

/** How often each function of ours was called by one statement, as PostgreSQL itself counts. */
async function callsDuring(client: Client, statement: string): Promise<Record<string, number>> {
  const counted = async () => {
    const { rows } = await client.query<{ name: string; calls: number }>(
      `select funcname as name, calls from pg_stat_xact_user_functions where schemaname = 'expiry'`,
    )
    return new Map(rows.map((row) => [row.name, row.calls]))
  }
  await client.query(`set track_functions = 'all'`)
  await client.query('begin')
  const before = await counted()
  await client.query(statement)
  const after = await counted()
  await client.query('commit')
  return Object.fromEntries([...after].map(([name, calls]) => [name, calls - (before.get(name) ?? 0)]))
}

async function dueMentors(database: Database, count: number): Promise<void> {
  await setClock(database, '2026-01-01T12:00:00Z')
  const organisation = await addOrganisation(database)
  await addMentors(database, { organisation, count, daysLeft: 10 })
}

async function notifications(runner: Runner & Pick<Client, 'on'>): Promise<() => number> {
  let heard = 0
  runner.on('notification', () => {
    heard += 1
  })
  await runner.query('listen expiry_reminders')
  return () => heard
}

test('10,000 dates changed in one statement give the right rows, by one call of each function and one NOTIFY', async () => {
  await using database = await freshDatabase()
  await dueMentors(database, 10_000)
  expect(await countByStatus(database)).toEqual({ pending: 10_000 })
  const client = await database.connect()
  const heard = await notifications(client)

  // A third renewed for long, a third moved to another window, a third left as it is.
  const calls = await callsDuring(
    client,
    `update expiry.certifications as c
        set expiry_date = case numbered.n % 3 when 0 then date '2027-01-11' when 1 then date '2026-01-20' else c.expiry_date end
       from (select id, row_number() over (order by id) as n from expiry.certifications) as numbered
      where numbered.id = c.id`,
  )

  expect(calls).toMatchObject({
    certifications_changed: 1,
    settle_mentors: 1,
    lock_mentors: 1,
    insert_due_reminders: 1,
  })
  expect(calls.supersede_reminders).toBeLessThanOrEqual(2)
  // Date and clock of the rules are read once a statement or organisation, never once a mentor.
  expect(Math.max(...Object.values(calls))).toBeLessThan(20)
  await client.query('notify expiry_reminders') // comes after all that was committed before
  expect(await waitFor('the last notification', () => heard() >= 2 && heard())).toBe(2)
  const { rows } = await database.query(
    `select certification_expiry_date as date, threshold_day, status, status_reason as reason, count(*) as count
       from expiry.reminder_dispatch_log group by 1, 2, 3, 4 order by count, date, status`,
  )
  expect(rows).toEqual([
    { date: '2026-01-11', threshold_day: 14, status: 'pending', reason: null, count: 3333 },
    { date: '2026-01-20', threshold_day: 30, status: 'pending', reason: null, count: 3334 },
    { date: '2026-01-11', threshold_day: 14, status: 'superseded', reason: 'renewed', count: 6667 },
  ])
  expect(await inconsistencies(database)).toEqual({ uncovered: 0, stale: 0 })
  const history = await database.query('select count(*) as count from expiry.certification_history')
  expect(history.rows).toEqual([{ count: 6667 }])
})

test('10,000 changes of status in one statement are settled by one call', async () => {
  await using database = await freshDatabase()
  await dueMentors(database, 10_000)
  const client = await database.connect()
  const calls = await callsDuring(client, `update expiry.mentors set status = 'inactive'`)
  expect(calls).toMatchObject({ mentors_changed: 1, settle_mentors: 1, supersede_reminders: 1 })
  const { count_status_version: versions, ...sets } = calls
  expect(versions).toBe(10_000) // a version is the row's own
  expect(Math.max(...Object.values(sets))).toBeLessThan(20)
  expect(await countByStatus(database)).toEqual({ superseded: 10_000 })
  await client.query(`update expiry.mentors set status = 'active'`)
  expect(await countByStatus(database)).toEqual({ pending: 10_000 })
})

test('a night over 10,000 due mentors calls no function once a mentor, nor loops over every pair before PostgreSQL has statistics', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-01-01T12:00:00Z')
  for (let n = 0; n < 4; n += 1) {
    const organisation = await addOrganisation(database)
    await addMentors(database, { organisation, count: 2_500, daysLeft: 40 })
  }
  await setClock(database, '2026-01-11T12:00:00Z')
  const calls = await callsDuring(await database.connect(), 'select expiry.run_nightly()')
  expect(await countByStatus(database)).toEqual({ pending: 10_000 })
  expect(calls).toMatchObject({ insert_due_reminders: 1, lock_mentors: 1 })
  expect(calls.apply_in_halves ?? 0).toBe(0)
  expect(Math.max(...Object.values(calls))).toBeLessThan(100) // the clock, a few times a phase
  const [run] = await runs(database)
  expect(run?.phases.reduce((sum, { ms }) => sum + ms, 0)).toBeLessThan(8_000) // 40 s otherwise
})

test('an update that changes nothing for reminders settles nobody', async () => {
  await using database = await freshDatabase()
  await dueMentors(database, 1_000)
  const client = await database.connect()
  const named = await callsDuring(client, `update expiry.mentors set full_name = 'Renamed'`)
  const same = await callsDuring(client, 'update expiry.certifications set expiry_date = expiry_date')
  expect([named.settle_mentors ?? 0, same.settle_mentors ?? 0]).toEqual([0, 0])
  const moved = await callsDuring(
    client,
    `update expiry.certifications set expiry_date = '2026-02-01' where expiry_date is null`,
  )
  expect(moved.settle_mentors ?? 0).toBe(0)
})

test('a night that finds everything done locks nobody', async () => {
  await using database = await freshDatabase()
  await dueMentors(database, 1_000)
  await nightly(database)
  const client = await database.connect()
  const calls = await callsDuring(client, 'select expiry.run_nightly()')
  expect(calls.lock_mentors ?? 0).toBe(0)
})
