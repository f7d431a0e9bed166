import type { Pool } from 'pg'
import type { Bench } from './bench.ts'
import { alternate, count, expectCount, type Measured, seconds } from './measure.ts'
import { certify, seedMentors } from './seed.ts'

/** What the night writes about those who lapse, prepared beforehand, with nothing of its care. */
const bare = `
  update expiry.mentors as m set status = 'certification_expired', status_version = m.status_version + 1
    from bench_lapsing as l where m.id = l.mentor_id;
  insert into expiry.mentor_status_transitions
    (mentor_id, organisation_id, from_status, to_status, reason, actor, was_visible)
  select mentor_id, organisation_id, 'active', 'certification_expired', 'lapsed', 'bench', true from bench_lapsing;
  insert into expiry.reminder_dispatch_log
    (kind, organisation_id, mentor_id, coordinator_id, certification_id, threshold_day, certification_expiry_date, urgency,
     source, due_at, status)
  select 'lapsed', organisation_id, mentor_id, coordinator_id, certification_id, 0, expiry_date, 'urgent',
         'nightly', pg_catalog.now(), 'pending'
    from bench_lapsing;`

/** The night in which many leave service, against the bare statements that write the same rows. */
export async function measureLapsingNight({ servers, sizes }: Bench): Promise<Measured[]> {
  await using database = await servers.database()
  const { pool } = database
  await seedMentors(pool, sizes.bulk)
  await certify(pool, { from: 40, to: 340 })
  await letLapse(pool, sizes.lapsing)
  const measured = await alternate(sizes.rounds, {
    night: () => rolledBack(pool, 'select expiry.run_nightly()', sizes.lapsing),
    bare: () => rolledBack(pool, bare, sizes.lapsing, 'alter table expiry.mentors disable trigger user'),
  })
  return [
    {
      work: `night: ${count(sizes.lapsing)} leave service among ${count(sizes.bulk)} mentors`,
      baseline: 'bare updates and inserts of the same rows',
      unit: 's',
      figure: measured.middle('night'),
      reference: measured.middle('bare'),
      bound: { kind: 'at most', floor: 3, aim: 2 },
      limit:
        'the messages, whose checks and indexes the bare inserts have too, and the search for whom to tell and of what; then the transitions',
    },
  ]
}

/** Lets so many certifications have run out yesterday, behind the triggers' back: as if the day had passed without a night. */
async function letLapse(pool: Pool, lapsing: number): Promise<void> {
  await pool.query(`
    alter table expiry.certifications disable trigger user;
    update expiry.certifications set expiry_date = (expiry.now() at time zone 'Europe/Oslo')::date - 1
     where id in (select id from expiry.certifications order by id limit ${lapsing});
    alter table expiry.certifications enable trigger user;
    create table bench_lapsing as
    select m.id as mentor_id, m.organisation_id, m.coordinator_id, c.id as certification_id, c.expiry_date
      from expiry.mentors as m
      join expiry.certifications as c on c.mentor_id = m.id
     where c.expiry_date < (expiry.now() at time zone 'Europe/Oslo')::date`)
  await pool.query('vacuum analyze')
}

async function rolledBack(pool: Pool, statements: string, expected: number, before = 'select'): Promise<number> {
  await pool.query('checkpoint')
  await pool.query('begin')
  await pool.query(before)
  const taken = await seconds(() => pool.query(statements))
  const { rows } = await pool.query<{ out: number; messages: number; transitions: number }>(
    `select (select count(*)::int from expiry.mentors where status = 'certification_expired') as out,
            (select count(*)::int from expiry.reminder_dispatch_log where kind = 'lapsed') as messages,
            (select count(*)::int from expiry.mentor_status_transitions) as transitions`,
  )
  await pool.query('rollback')
  await pool.query('vacuum analyze expiry.mentors, expiry.reminder_dispatch_log, expiry.mentor_status_transitions')
  expectCount('mentors out of service', rows[0]?.out ?? 0, expected)
  expectCount('messages', rows[0]?.messages ?? 0, expected)
  expectCount('transitions', rows[0]?.transitions ?? 0, expected)
  return taken
}
