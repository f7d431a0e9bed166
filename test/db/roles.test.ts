import { afterAll, beforeAll, expect, test } from 'vitest'
import { knownObjects } from '../../db/apply.ts'
import { compareRights } from '../../db/grants.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { addOrganisation } from '../support/people.ts'
import { connectAs, type Role, roles } from './roles.ts'

let database: Database
beforeAll(async () => {
  database = await freshDatabase()
  await addOrganisation(database)
})
afterAll(() => database[Symbol.asyncDispose]())

/** Whoever is not named here may not execute a routine; a new one is added with whom it is for. */
const mayExecute: Record<string, string> = {
  now: 'app service reader',
  today: 'app service reader',
  local_time: 'app service reader',
  is_time_zone: 'app service reader',
  wait_for_hours: 'app service reader',
  nightly: 'service',
  run_nightly: 'app service',
  nightly_owed: 'app service',
  ensure_time_zones: 'service',
  note_nightly_call: 'service',
  nightly_phases: 'service',
  open_nightly_run: 'service',
  run_nightly_phase: 'service',
  close_nightly_run: 'service',
  holds_nightly_lock: 'service',
  enqueue_due_reminders: 'app service',
  retry_reminder: 'app service',
  reminder_queue_room: 'service',
  claim_pending_reminders: 'service',
  begin_reminder_delivery: 'service',
  record_acceptances: 'service',
  finish_reminder_delivery: 'service',
  rescue_stuck_reminders: 'service',
  requeue_lost_reminders: 'service',
  queued_reminders: 'service',
  settle_rechecks: 'service',
  settle_mentors: 'service',
  settle_portal_recheck: 'service',
  adopt_sent_reminders: 'service',
  forecast_reminders: 'app service reader',
  forecast_messages: 'app service reader',
  forecast_departures: 'app service reader',
  lagging_sequences: 'app service reader',
  raise_alert: 'service',
  resolve_alert: 'service',
  transition_mentor_status: 'app service',
  remove_mentor: 'app service',
  expire_lapsed_mentors: 'service',
  resume_elapsed_pauses: 'service',
  restore_renewed_mentors: 'service',
  approve_expiries: 'service',
  reject_expiries: 'service',
  delete_removed_mentors: 'service',
  keep_alert: 'service',
  check_operations: 'service',
  hold_alert_leases: 'service',
  release_alert_leases: 'service',
  begin_alert_notices: 'service',
  begin_notices_of_alert: 'service',
  record_alert_notice: 'service',
  request_portal_sync: 'app service',
  portal_queue_room: 'service',
  claim_pending_portal_syncs: 'service',
  queued_portal_syncs: 'service',
  requeue_lost_portal_syncs: 'service',
  rescue_stuck_portal_syncs: 'service',
  begin_portal_sync: 'service',
  record_portal_sync: 'service',
  hold_portal_worker: 'service',
  release_portal_worker: 'service',
  set_portal_gate: 'service',
  record_portal_health: 'service',
  ask_portal_reconciliation: 'service',
  warn_of_portal_secret: 'service',
  release_parked_portal_syncs: 'service',
  begin_portal_reconciliation: 'service',
  portal_states: 'service',
  record_portal_differences: 'service',
  close_portal_reconciliation: 'service',
  open_portal_break_glass: 'service',
  enter_portal_break_glass: 'service',
  close_portal_break_glass: 'service',
  ask_portal_patience: 'service',
}

test('each routine is executable by whom it is for, and none by public', async () => {
  const { rows } = await database.query<{ name: string; who: string }>(
    `select p.proname as name,
            (select coalesce(string_agg(replace(r.name, 'expiry_', ''), ' ' order by r.place), '')
               from unnest($1::text[]) with ordinality as r (name, place)
              where has_function_privilege(r.name, p.oid, 'execute')) as who
       from pg_proc as p
      where p.pronamespace = 'expiry'::regnamespace`,
    [['public', ...roles]],
  )
  const found = Object.fromEntries(rows.filter(({ who }) => who !== '').map(({ name, who }) => [name, who]))
  expect(found).toEqual(mayExecute)
})

test('nothing of what the files grant is missing, and there is nothing more', async () => {
  expect(await compareRights(await database.connect(), await knownObjects())).toEqual({ missing: [], excess: [] })
})

const peopleTables = [
  'organisations',
  'coordinators',
  'mentors',
  'certifications',
  'reminder_thresholds',
  'feature_flags',
]

test('tables are written by expiry_app alone, only people and thresholds, and nothing is ever deleted', async () => {
  const { rows } = await database.query<{ role: Role; privilege: string; tables: string[] }>(
    `select r.role, p.privilege, array_agg(c.relname::text order by c.relname) as tables
       from pg_class as c, unnest($1::text[]) as r (role),
            unnest(array['insert', 'update', 'delete', 'truncate', 'references', 'trigger']) as p (privilege)
      where c.relnamespace = 'expiry'::regnamespace and c.relkind in ('r', 'v')
        and (has_table_privilege(r.role, c.oid, p.privilege)
             or p.privilege in ('insert', 'update') and has_any_column_privilege(r.role, c.oid, p.privilege))
      group by 1, 2 order by 2`,
    [['public', ...roles]],
  )
  const tables = [...peopleTables].sort()
  expect(rows).toEqual([
    { role: 'expiry_app', privilege: 'insert', tables },
    { role: 'expiry_app', privilege: 'update', tables },
  ])
})

test('everything belongs to expiry_owner, and no role of ours may log in', async () => {
  const { rows } = await database.query(
    `select relname as name from pg_class where relnamespace = 'expiry'::regnamespace and relowner <> 'expiry_owner'::regrole
     union all
     select proname from pg_proc where pronamespace = 'expiry'::regnamespace and proowner <> 'expiry_owner'::regrole
     union all
     select rolname from pg_roles where rolname like 'expiry\\_%' and (rolcanlogin or rolsuper or rolcreaterole or rolbypassrls)`,
  )
  expect(rows).toEqual([])
})

test.each([
  ['expiry_app', `update expiry.reminder_dispatch_log set status = 'sent'`],
  ['expiry_app', `insert into expiry.reminder_dispatch_log default values`],
  ['expiry_app', 'delete from expiry.mentors'],
  ['expiry_app', 'update expiry.mentors set removal_requested_at = now()'],
  ['expiry_app', 'update expiry.mentors set status_version = 0'],
  ['expiry_app', 'update expiry.certifications set id = gen_random_uuid()'],
  ['expiry_app', 'truncate expiry.certifications'],
  ['expiry_app', `insert into expiry.clock_override (at) values (now())`],
  ['expiry_app', `insert into expiry.mentor_rechecks (mentor_id) values (gen_random_uuid())`],
  ['expiry_app', `select expiry.claim_pending_reminders(1)`],
  ['expiry_app', `select expiry.settle_mentors('{}', 'manual')`],
  ['expiry_app', `delete from expiry.backdated_expiries`],
  ['expiry_app', `update expiry.backdated_expiries set verdict = 'admitted'`],
  ['expiry_app', `update expiry.organisations set brake_mentors = 1000000`],
  ['expiry_app', `insert into expiry.organisations (slug, name, brake_share) values ('a', 'A', 1)`],
  ['expiry_app', `insert into expiry.mentor_status_transitions default values`],
  ['expiry_app', `update expiry.mentor_status_transitions set actor = 'nobody'`],
  ['expiry_app', `update expiry.portal_sync set synced_version = desired_version`],
  ['expiry_app', `select expiry.approve_expiries(gen_random_uuid(), 'app')`],
  ['expiry_app', `select expiry.reject_expiries(gen_random_uuid(), 'app')`],
  ['expiry_app', `select expiry.delete_removed_mentors()`],
  ['expiry_app', `select expiry.note_backdated_expiries('{}', '{}')`],
  ['expiry_reader', `select expiry.approve_expiries(gen_random_uuid(), 'reader')`],
  ['expiry_app', `alter table expiry.mentors disable trigger all`],
  ['expiry_service', `update expiry.reminder_dispatch_log set status = 'sent'`],
  ['expiry_service', `update expiry.clock_override set at = now()`],
  ['expiry_service', `update expiry.mentors set status = 'inactive'`],
  ['expiry_service', 'delete from expiry.reminder_delivery_attempts'],
  ['expiry_reader', `select expiry.run_nightly()`],
  ['expiry_reader', `update expiry.mentors set status = 'inactive'`],
] as const)('%s may not: %s', async (role, statement) => {
  const client = await connectAs(database, role)
  await expect(client.query(statement)).rejects.toMatchObject({ code: '42501' })
})

test('the host may not write down that a night was done', async () => {
  const app = await connectAs(database, 'expiry_app')
  await expect(app.query(`update expiry.organisations set processed_on = '2199-01-01'`)).rejects.toMatchObject({
    code: '42501',
  })
})

test.each(roles)('a temporary type of %s takes no part in a function that runs as the owner', async (role) => {
  const client = await connectAs(database, role)
  await client.query(`
    create temporary table caught (who text);
    create function pg_temp.catch(d pg_catalog.date) returns boolean language plpgsql as
      $$ begin raise exception 'caught as %', current_user; end $$;
    create domain pg_temp.date as pg_catalog.date check (pg_temp.catch(value));
  `)
  const { rows } = await client.query('select expiry.today(id) is not null as fine from expiry.organisations limit 1')
  expect(rows).toEqual([{ fine: true }])
})
