import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { packageRoot } from '../../runtime/package-root.ts'
import { inShort, reminders } from '../db/reminders.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { only, type Runner } from '../support/people.ts'

const file = (name: string) => readFile(join(packageRoot(), 'examples', 'host-tables', name), 'utf8')

let database: Database
/** The host application's own login: a user of its tables, and nobody in `expiry`. */
let host: Runner

beforeEach(async () => {
  database = await freshDatabase()
  const owner = `owner_${database.name}`
  const user = `user_${database.name}`
  await database.query(`
    create role ${owner}; grant expiry_app to ${owner}; grant create on schema public to ${owner};
    grant create on database ${database.name} to ${owner};
    create role ${user};
  `)
  const deploy = await database.connect()
  await deploy.query(`set role ${owner}`)
  await deploy.query(await file('tables.sql'))
  await deploy.query(await file('feed.sql'))
  await deploy.query(await file('feed.sql')) // twice is the same as once
  await deploy.query(`
    grant select, insert, update, delete on all tables in schema public to ${user};
    insert into public.clubs (slug, title) values ('nord', 'Nord');
    insert into public.staff (club_id, display_name, email) select id, 'Kari', 'kari@example.org' from public.clubs;
  `)
  host = await database.connect()
  await host.query(`set role ${user}`)
  return async () => {
    await database.query(`drop owned by ${owner} cascade; drop owned by ${user}; drop role ${owner}, ${user}`)
    await database[Symbol.asyncDispose]()
  }
})

/** A mentor of the host who is looked after by Kari; returns the host's id. */
async function join_(name: string): Promise<string> {
  const { rows } = await host.query<{ id: string }>(
    `insert into public.peer_mentors (club_id, looked_after_by, display_name)
     select club_id, id, $1 from public.staff returning id`,
    [name],
  )
  return only(rows).id
}

async function certify(mentor: string, daysLeft: number): Promise<void> {
  await host.query(
    'insert into public.certificates (peer_mentor_id, valid_until) values ($1, current_date + $2::int)',
    [mentor, daysLeft],
  )
}

async function known(mentor: string): Promise<{ id: string; status: string; days: number | null }> {
  const { rows } = await database.query<{ id: string; status: string; days: number | null }>(
    `select m.id, m.status, c.expiry_date - current_date as days
       from expiry.mentors as m left join expiry.certifications as c on c.mentor_id = m.id where m.external_ref = $1`,
    [mentor],
  )
  return only(rows)
}

/** Of each mentor that expiry knows. */
async function clubsAndCoordinators(): Promise<string[]> {
  const { rows } = await database.query<{ both: string }>(
    `select o.name || ' ' || k.full_name as both
       from expiry.mentors as m
       join expiry.organisations as o on o.id = m.organisation_id
       join expiry.coordinators as k on k.id = m.coordinator_id`,
  )
  return rows.map(({ both }) => both)
}

async function reminded(mentor: string): Promise<string> {
  const { id } = await known(mentor)
  return inShort(await reminders(database, { id, certification: null }))
}

test("a host's certificate leads to a reminder in its own transaction, and the one that is valid longest counts", async () => {
  const mentor = await join_('Anne')
  await certify(mentor, 7)
  expect(await known(mentor)).toMatchObject({ status: 'active', days: 7 })
  expect(await reminded(mentor)).toBe('7 pending')
  await certify(mentor, 400)
  expect(await known(mentor)).toMatchObject({ days: 400 })
  expect(await reminded(mentor)).toBe('7 superseded (renewed)')
  await certify(mentor, 20)
  expect(await known(mentor)).toMatchObject({ days: 400 })
})

test('leave, retirement and deletion take effect, and nothing of ours is deleted', async () => {
  const [anne, per] = [await join_('Anne'), await join_('Per')]
  await certify(anne, 14)
  await certify(per, 14)
  await host.query(`update public.peer_mentors set state = 'on_leave', leave_until = current_date + 5 where id = $1`, [
    anne,
  ])
  expect(await known(anne)).toMatchObject({ status: 'paused' })
  expect(await reminded(anne)).toBe('14 pending')
  await host.query(`update public.peer_mentors set state = 'retired' where id = $1`, [anne])
  expect(await reminded(anne)).toBe('14 superseded (not_eligible)')
  await host.query('delete from public.peer_mentors where id = $1', [per])
  expect(await known(per)).toMatchObject({ status: 'inactive' })
  expect(await reminded(per)).toBe('14 superseded (not_eligible)')
})

test('who changes clubs takes the date and the reminders along, and is in service in one of them only', async () => {
  const mentor = await join_('Anne')
  await certify(mentor, 14)
  const { id } = await known(mentor)
  await host.query(`
    with club as (insert into public.clubs (slug, title) values ('sor', 'Sør') returning id), coordinator as (
      insert into public.staff (club_id, display_name, email) select id, 'Ola', 'ola@example.org' from club returning id, club_id
    )
    update public.peer_mentors set club_id = k.club_id, looked_after_by = k.id from coordinator as k`)
  expect(await known(mentor)).toEqual({ id, status: 'active', days: 14 })
  expect(await reminded(mentor)).toBe('14 pending')
  expect(await clubsAndCoordinators()).toEqual(['Sør Ola'])
})

test('who looks after mentors of another club gets the reminders about them', async () => {
  const mentor = await join_('Anne')
  await host.query(`
    with club as (insert into public.clubs (slug, title) values ('sor', 'Sør') returning id)
    update public.peer_mentors set club_id = (select id from club)`)
  await certify(mentor, 14)
  expect(await clubsAndCoordinators()).toEqual(['Sør Kari'])
  expect(await reminded(mentor)).toBe('14 pending')
})

test('a club under another name is the same organisation', async () => {
  const { id } = await known(await join_('Anne'))
  await host.query(`update public.clubs set slug = 'nord-vest', title = 'Nord-Vest'`)
  const { rows } = await database.query(
    `select o.slug, o.name, m.id from expiry.organisations as o left join expiry.mentors as m on m.organisation_id = o.id`,
  )
  expect(rows).toEqual([{ slug: 'nord-vest', name: 'Nord-Vest', id }])
})

test('a certificate that is taken away leaves the mentor without a valid one', async () => {
  const mentor = await join_('Anne')
  await certify(mentor, 14)
  await host.query('delete from public.certificates')
  expect(await known(mentor)).toMatchObject({ days: -1 })
})

test('a coordinator who gets an address gets the reminder that had failed', async () => {
  await host.query('update public.staff set email = null')
  const mentor = await join_('Anne')
  await certify(mentor, 14)
  expect(await reminded(mentor)).toBe('14 failed (no_recipient)')
  await host.query(`update public.staff set email = 'kari@example.com'`)
  expect(await reminded(mentor)).toBe('14 pending')
})

test('whom expiry took out of service, the feed does not bring back', async () => {
  const mentor = await join_('Anne')
  await certify(mentor, -1)
  await host.query(`update public.peer_mentors set display_name = 'Anne B.'`)
  expect(await known(mentor)).toMatchObject({ status: 'certification_expired' })
  await certify(mentor, 400)
  expect(await known(mentor)).toMatchObject({ status: 'active' })
})

test('a leave without an end that began while the certificate had expired holds after its renewal', async () => {
  const mentor = await join_('Anne')
  await certify(mentor, -1)
  await host.query(`update public.peer_mentors set state = 'on_leave'`)
  expect(await known(mentor)).toMatchObject({ status: 'certification_expired' })
  await certify(mentor, 400)
  expect(await known(mentor)).toMatchObject({ status: 'paused' })
})

test('expiry ends a leave on its first day back, and the feed does not begin it again, nor write what stays the same', async () => {
  const [anne, per] = [await join_('Anne'), await join_('Per')]
  await certify(anne, 400)
  await certify(per, -1)
  await host.query(`update public.peer_mentors set state = 'on_leave', leave_until = current_date + 5`)
  expect(await known(anne)).toMatchObject({ status: 'paused' })
  await database.query(`insert into expiry.clock_override (at) select now() + interval '6 days'`)
  await database.query('select expiry.run_nightly()')
  expect(await known(anne)).toMatchObject({ status: 'active' })
  await database.query('select feed.everything()')
  const counted = () => database.query('select count(*) as count from expiry.mentor_status_transitions')
  const before = (await counted()).rows
  await database.query('select feed.everything()')
  expect(await known(anne)).toMatchObject({ status: 'active' })
  expect(await known(per)).toMatchObject({ status: 'certification_expired' })
  expect((await counted()).rows).toEqual(before)
})

test('a feed that fails does not keep the host from saving, and feed.everything mends it', async () => {
  const mentor = await join_('Anne')
  await database.query(`alter table expiry.certifications add constraint broken check (expiry_date < '2001-01-01')`)
  await certify(mentor, 14)
  expect(await known(mentor)).toMatchObject({ days: null })
  await database.query('alter table expiry.certifications drop constraint broken')
  await database.query('select feed.everything()')
  expect(await reminded(mentor)).toBe('14 pending')
})

test('a statement about 2,000 mentors costs one statement a table, and what has not changed is not written', async () => {
  await host.query(
    `insert into public.peer_mentors (club_id, looked_after_by, display_name)
     select s.club_id, s.id, 'M' from public.staff as s, generate_series(1, 2000)`,
  )
  await host.query(
    `insert into public.certificates (peer_mentor_id, valid_until) select id, current_date + 30 from public.peer_mentors`,
  )
  expect((await database.query(`select from expiry.reminder_dispatch_log where status = 'pending'`)).rowCount).toBe(
    2_000,
  )
  const before = await database.query('select max(xmin::text::bigint) as xmin from expiry.mentors')
  await host.query('update public.peer_mentors set display_name = display_name')
  await database.query('select feed.everything()')
  expect((await database.query('select max(xmin::text::bigint) as xmin from expiry.mentors')).rows).toEqual(before.rows)
})
