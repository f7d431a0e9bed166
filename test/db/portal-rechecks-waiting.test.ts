import { beforeEach, describe, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { only, setClock } from '../support/people.ts'
import { acknowledgeAll, claim, environment, hold, holder, settleLeft, settlePortion } from './portal.ts'
import { addMany, mentorOf, pauseAll, publishAll } from './portions.ts'

const many = 2_500

let database: Database
beforeEach(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  await hold(database)
  await addMany(database, many)
  return () => database[Symbol.asyncDispose]()
})

describe('while portions wait', () => {
  beforeEach(() => publishAll(database))

  test('nobody is shown who was settled before: those to be hidden by them go first, whoever claims', async () => {
    const { rows: people } = await database.query<{ id: string }>('select id from expiry.mentors order by id')
    await database.query(
      `alter table expiry.mentors disable trigger user;
       update expiry.mentors set status = case when substr(id::text, 36) < '8' then 'paused' else status end;
       alter table expiry.mentors enable trigger user`,
    )
    await database.query('select expiry.settle_portal($1)', [people.map(({ id }) => id)])
    await acknowledgeAll(database)
    await database.query(`update expiry.portal_sync set synced_at = now() - interval '1 hour'`)
    await database.query(
      `update expiry.mentors set status = case status when 'active' then 'paused'::expiry.mentor_status else 'active' end`,
    )
    await settlePortion(database)
    const first = await claim(database, many)
    expect(new Set(first.map(({ priority }) => priority))).toEqual(new Set([2]))
    await settleLeft(database)
    const rest = await claim(database, many)
    expect(first.length + rest.length).toBe(many)
    expect(new Set(rest.map(({ priority }) => priority))).toEqual(new Set([2, 3]))
  })

  test('whoever became pending before they were left does not wait for them, and nobody waits longer than five minutes', async () => {
    await pauseAll(database)
    const pending = (since: string) =>
      database.query(
        `update expiry.portal_sync set status = 'pending', priority = 3, available_at = now() - $1::interval
          where mentor_id in (select mentor_id from expiry.portal_sync where status = 'synced' limit 10)`,
        [since],
      )
    await pending('1 minute')
    expect(await claim(database)).toHaveLength(10)
    await pending('0')
    expect(await claim(database)).toEqual([])
    await database.query(`update expiry.portal_rechecks set noted_at = noted_at - interval '5 minutes'`)
    expect(await claim(database)).toHaveLength(10)
  })

  test('a mentor among them is not deleted before the website has acknowledged', async () => {
    await database.query(`update expiry.mentors set status = 'inactive'`)
    await settleLeft(database)
    await acknowledgeAll(database)
    await database.query(`update expiry.mentors set portal_key = 'L-' || id`)
    const mentor = await mentorOf(database, 0)
    await database.query(
      `update expiry.mentors set removal_requested_at = now(), removal_requested_by = 'kari' where id = $1`,
      [mentor.id],
    )
    const deleted = async () => {
      const { rows } = await database.query<{ count: number }>('select expiry.delete_removed_mentors() as count')
      return only(rows).count
    }
    expect(await deleted()).toBe(0)
    await settleLeft(database)
    expect(await deleted()).toBe(0)
    await acknowledgeAll(database)
    expect(await deleted()).toBe(1)
  })

  test.each([
    ['', 'select'],
    [
      ' although the portal takes others',
      `insert into expiry.portal_sync_attempts (mentor_id, version, attempt, outcome, started_at)
       values (gen_random_uuid(), 1, 1, 'acknowledged', now())`,
    ],
  ])('for more than ten minutes, nobody settles them: an alert says how many%s', async (_, beside) => {
    await database.query(beside)
    const alerts = async () => {
      await database.query('select expiry.check_operations()')
      const { rows } = await database.query(
        `select details from expiry.operations_alerts where kind = 'portal_stuck' and resolved_at is null`,
      )
      return rows
    }
    await pauseAll(database)
    expect(await alerts()).toEqual([])
    await database.query(`update expiry.portal_rechecks set noted_at = noted_at - interval '11 minutes'`)
    expect(await alerts()).toMatchObject([{ details: { pending: many, queued: 0, sending: 0 } }])
    await settleLeft(database)
    expect(await alerts()).toEqual([])
  })

  test('a comparison takes nobody among them for a contact that is missing', async () => {
    await database.query(`update expiry.mentors set portal_key = 'L-' || id`)
    await database.query(`select expiry.ask_portal_reconciliation('kari', false)`)
    const { rows } = await database.query<{ id: number }>('select id from expiry.begin_portal_reconciliation($1, $2)', [
      holder,
      environment,
    ])
    await database.query('select expiry.close_portal_reconciliation($1, 0.2, null)', [only(rows).id])
    const closed = await database.query('select missing from expiry.portal_reconciliations')
    expect(closed.rows).toEqual([{ missing: 0 }])
  })
})

test('the first comparison can be asked for as soon as many have come to the website', async () => {
  await database.query('update expiry.organisations set portal_enabled = true')
  await database.query(`select expiry.ask_portal_reconciliation('kari', true)`)
  const { rows } = await database.query('select from expiry.portal_reconciliations')
  expect(rows).toHaveLength(1)
})
