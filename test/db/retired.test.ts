import { beforeEach, expect, test } from 'vitest'
import { applySchema } from '../../db/apply.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { startService } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'
import { recordEarlier } from './earlier.ts'

let database: Database
beforeEach(async () => {
  database = await freshDatabase()
  return () => database[Symbol.asyncDispose]()
})

/** What an earlier version would have made. */
const make = (...statements: string[]) => database.query(`set role expiry_owner; ${statements.join('; ')}; reset role`)

const was = 'which this version has no more'

/** Applies this version, and what was said. */
async function apply(): Promise<string[]> {
  const lines: string[] = []
  const applied = await applySchema({ connectionString: database.url, log: (line) => lines.push(line) })
  expect(applied).toMatchObject({ migrations: [], triggers: [], granted: [] })
  return lines
}

async function remembered(): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(
    `select a.name from expiry.applied_objects as a where a.name ~ '^expiry[.]old_' order by 1`,
  )
  return rows.map(({ name }) => name)
}

test('what an earlier version made and this one has no more is dropped, whatever it depends on; what is not known as ours stays', async () => {
  await make(
    `create function expiry.old_rule(p_kind expiry.reminder_kind, p_days integer) returns integer language sql begin atomic; select p_days; end`,
    `create view expiry.old_base as select expiry.old_rule('reminder', 1) as days`,
    `create view expiry.old_upper as select b.days from expiry.old_base as b`,
    `create procedure expiry.old_job() language sql begin atomic; select u.days from expiry.old_upper as u; end`,
    `create function expiry.old_watch() returns trigger language plpgsql as $$ begin return new; end $$`,
    `create trigger old_trigger before update on expiry.mentors for each row execute function expiry.old_watch()`,
    `create function expiry.old_altered() returns integer language sql as $$ select 1 $$`,
  )
  const names = ['old_rule', 'old_base', 'old_upper', 'old_job', 'old_watch', 'old_altered'].map(
    (name) => `expiry.${name}`,
  )
  await recordEarlier(database, [...names, 'old_trigger'])
  await make(
    `create or replace function expiry.old_altered() returns integer language sql as $$ select 2 $$`,
    `create function expiry.of_a_host() returns integer language sql as $$ select 3 $$`,
    `create function expiry.old_rule(p_days text) returns integer language sql as $$ select 4 $$`,
  )
  // The trigger is first, and what was in the way of another before it.
  expect(await apply()).toEqual(
    [
      'trigger old_trigger on expiry.mentors',
      'routine expiry.old_job()',
      'routine expiry.old_watch()',
      'view expiry.old_upper',
      'view expiry.old_base',
      'routine expiry.old_rule(expiry.reminder_kind,integer)',
    ].map((what) => `dropped ${what}, ${was}`),
  )
  const { rows } = await database.query<{ name: string }>(
    `select p.oid::regprocedure::text as name from pg_proc as p
      where p.pronamespace = 'expiry'::regnamespace and p.proname ~ '^(old_|of_a_host)' order by 1`,
  )
  expect(rows.map(({ name }) => name)).toEqual(['expiry.of_a_host()', 'expiry.old_altered()', 'expiry.old_rule(text)'])
  expect(await apply()).toEqual([])
})

test('what a host depends on stays, is named and remembered, and goes once the host lets it', async () => {
  await make(
    `create function expiry.old_rule() returns integer language sql as $$ select 1 $$`,
    `create view expiry.old_view as select 1 as one`,
  )
  await recordEarlier(database, ['expiry.old_rule', 'expiry.old_view'])
  await database.query(
    'create view public.of_host as select expiry.old_rule() as days, o.one from expiry.old_view as o',
  )
  for (let round = 0; round < 2; round += 1) {
    expect((await apply()).sort()).toEqual([
      `kept routine expiry.old_rule(), ${was}: view of_host depends on function expiry.old_rule()`,
      `kept view expiry.old_view, ${was}: view of_host depends on view expiry.old_view`,
    ])
    expect(await remembered()).toEqual(['expiry.old_rule', 'expiry.old_view'])
  }
  await database.query('drop view public.of_host')
  expect(await apply()).toHaveLength(2)
  expect(await remembered()).toEqual([])
})

test('a view that a long transaction reads is dropped in short turns, and holds up nobody behind', async () => {
  await make('create view expiry.old_view as select 1 as one')
  await recordEarlier(database, ['expiry.old_view'])
  const host = await database.connect()
  await host.query('begin')
  await host.query('select from expiry.old_view')
  const applied = apply()
  await waitFor('the deploy to wait for the view', async () => {
    const { rows } = await database.query(
      `select from pg_locks as l join pg_stat_activity as s using (pid)
        where s.application_name = 'mentor-expiry migrate' and not l.granted and l.relation = 'expiry.old_view'::regclass`,
    )
    return rows.length > 0
  })
  await database.query('select from expiry.old_view')
  await host.query('commit')
  expect(await applied).toEqual([`dropped view expiry.old_view, ${was}`])
})

test('what somebody holds stays until the next time, and all else is applied and on record', async () => {
  await make('create view expiry.old_view as select 1 as one')
  await recordEarlier(database, ['expiry.old_view'])
  const host = await database.connect()
  await host.query('begin')
  await host.query('select from expiry.old_view')
  expect(await apply()).toEqual([`kept view expiry.old_view, ${was}: somebody holds it; the next migrate tries again`])
  await host.query('commit')
  expect(await apply()).toEqual([`dropped view expiry.old_view, ${was}`])
})

test('the command says what it drops, also of a function that versions between have forgotten', async () => {
  await make(
    `create function expiry.is_reminder_transition_allowed(p_from expiry.reminder_status, p_to expiry.reminder_status, p_reason text) returns boolean language sql as $$ select true $$`,
  )
  const said = async () => {
    await using migrate = await startService(['migrate'], {
      DATABASE_URL: database.url,
      QUEUE_URL: 'redis://127.0.0.1:1',
    })
    expect((await migrate.exited).code).toBe(0)
    return migrate.output
  }
  const first = await said()
  expect(first).toContain(
    `dropped routine expiry.is_reminder_transition_allowed(expiry.reminder_status,expiry.reminder_status,text), ${was}`,
  )
  expect(first).not.toContain('up to date')
  expect(await said()).toContain('the schema was up to date')
})
