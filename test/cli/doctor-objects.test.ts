import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { applySchema } from '../../db/apply.ts'
import { packageRoot } from '../../runtime/package-root.ts'
import { recordEarlier } from '../db/earlier.ts'
import type { Database } from '../support/database.ts'
import { addMentor, addOrganisation } from '../support/people.ts'
import { healthyDatabase, lookAt } from './diagnosis.ts'

let database: Database

beforeEach(async () => {
  ;({ database } = await healthyDatabase())
  return () => database[Symbol.asyncDispose]()
})

const migrate = 'run `mentor-expiry migrate` of this version'

test.each(['disable trigger', 'enable replica trigger'])(
  'a trigger that does not fire any more (%s) is named, and migrate mends it',
  async (change) => {
    await database.query(`alter table expiry.mentors ${change} mentors_updated`)
    expect((await lookAt(database))['Schema/objects']).toBe(`fail: switched off: mentors_updated → ${migrate}`)
    await applySchema({ connectionString: database.url })
    expect((await lookAt(database))['Schema/objects']).toBe('ok')
  },
)

test('a trigger that always fires is none that is switched off', async () => {
  await database.query('alter table expiry.mentors enable always trigger mentors_updated')
  expect((await lookAt(database))['Schema/objects']).toBe('ok')
})

test('what an earlier version has left is told from what is not ours', async () => {
  for (const name of ['left_over', 'of_a_host']) {
    await database.query(`set role expiry_owner; create view expiry.${name} as select 1 as one; reset role`)
  }
  await recordEarlier(database, ['expiry.left_over'])
  expect((await lookAt(database))['Schema/objects']).toBe(
    `fail: of an earlier version: expiry.left_over; not ours: expiry.of_a_host → ${migrate}; it names what depends on what it cannot drop; drop what is not ours`,
  )
  await applySchema({ connectionString: database.url })
  expect((await lookAt(database))['Schema/objects']).toBe(
    `fail: not ours: expiry.of_a_host → ${migrate}; drop what is not ours`,
  )
})

const lost: [what: string, drop: string, file: string][] = [
  [
    'primary key mentors_pkey of expiry.mentors',
    'alter table expiry.mentors drop constraint mentors_pkey cascade; alter table expiry.mentors add constraint other primary key (id)',
    '0000_tables',
  ],
  [
    'primary key alert_notices_pkey of expiry.alert_notices',
    'alter table expiry.alert_notices drop constraint alert_notices_pkey',
    '0011_alerts',
  ],
  [
    'unique key reminder_dispatch_log_key of expiry.reminder_dispatch_log',
    'alter table expiry.reminder_dispatch_log drop constraint reminder_dispatch_log_key',
    '0000_tables',
  ],
  [
    'check organisations_sending_hours_check of expiry.organisations',
    'alter table expiry.organisations drop constraint organisations_sending_hours_check',
    '0005_sending_hours_and_links',
  ],
  [
    'foreign key reminder_delivery_attempts_log_id_reminder_dispatch_log_id_fk of expiry.reminder_delivery_attempts',
    'alter table expiry.reminder_delivery_attempts drop constraint reminder_delivery_attempts_log_id_reminder_dispatch_log_id_fk',
    '0000_tables',
  ],
  ['index portal_sync_pending_idx of expiry.portal_sync', 'drop index expiry.portal_sync_pending_idx', '0016_portal'],
  [
    'unique index mentors_portal_key_any_case_key of expiry.mentors',
    'drop index expiry.mentors_portal_key_any_case_key; create index mentors_portal_key_any_case_key on expiry.mentors (portal_key)',
    '0016_portal',
  ],
  [
    'index portal_sync_parked_idx of expiry.portal_sync',
    `update pg_catalog.pg_index set indisvalid = false where indexrelid = 'expiry.portal_sync_parked_idx'::regclass`,
    '0016_portal',
  ],
]

test.each(lost)('a lost %s is named, with the file that makes it', async (what, drop, file) => {
  await database.query(drop)
  const found = (await lookAt(database))['Schema/tables']
  expect(found).toContain(`${what} (db/migrations/${file}.sql)`)
  expect(found).toMatch(
    /^fail: lost: .* → `migrate` does not make them again: as expiry_owner, run what that file says/,
  )
  const name = / (\w+) of /.exec(what)?.[1]
  const text = await readFile(join(packageRoot(), `db/migrations/${file}.sql`), 'utf8')
  expect(text).toMatch(new RegExp(`(CONSTRAINT|INDEX) "${name}"|CREATE TABLE "expiry"."${name?.replace('_pkey', '')}"`))
})

test('what the named file says of a lost foreign key and index makes them again', async () => {
  await database.query(
    'alter table expiry.certifications drop constraint certifications_mentor_id_mentors_id_fk; drop index expiry.mentors_expired_idx',
  )
  const found = (await lookAt(database))['Schema/tables'] ?? ''
  const files = [...found.matchAll(/\((db\/migrations\/\w+\.sql)\)/g)].map(([, file = '']) => file)
  expect(files).toHaveLength(2)
  for (const file of files) {
    const statements = (await readFile(join(packageRoot(), file), 'utf8')).split('--> statement-breakpoint')
    for (const statement of statements) {
      const isLost = /certifications_mentor_id_mentors_id_fk|mentors_expired_idx/.test(statement)
      if (isLost) await database.query(`set role expiry_owner; ${statement}; reset role`)
    }
  }
  expect((await lookAt(database))['Schema/tables']).toBe('ok')
})

const changed: [what: string, change: string][] = [
  [
    'check organisations_slug_check of expiry.organisations',
    'alter table expiry.organisations drop constraint organisations_slug_check, add constraint organisations_slug_check check (true)',
  ],
  [
    'check portal_sync_status_check of expiry.portal_sync',
    `alter table expiry.portal_sync drop constraint portal_sync_status_check, add constraint portal_sync_status_check
       check (status in ('pending', 'queued', 'sending', 'verifying', 'synced', 'parked', 'lost'))`,
  ],
  [
    'check organisations_sending_hours_check of expiry.organisations',
    `alter table expiry.organisations drop constraint organisations_sending_hours_check, add constraint organisations_sending_hours_check
       check ((send_from is null) = (send_until is null) and send_until - send_from >= interval '1 minute')`,
  ],
  [
    'primary key effective_thresholds_pkey of expiry.effective_thresholds',
    'alter table expiry.effective_thresholds drop constraint effective_thresholds_pkey, add constraint effective_thresholds_pkey primary key (threshold_day, organisation_id)',
  ],
  [
    'unique key reminder_dispatch_log_key of expiry.reminder_dispatch_log',
    `alter table expiry.reminder_dispatch_log drop constraint reminder_dispatch_log_key, add constraint reminder_dispatch_log_key
       unique (mentor_id, kind, certification_expiry_date, threshold_day, generation)`,
  ],
  [
    'unique key operations_alerts_dedupe_key_resolved_at_key of expiry.operations_alerts',
    `alter table expiry.operations_alerts drop constraint operations_alerts_dedupe_key_resolved_at_key,
       add constraint operations_alerts_dedupe_key_resolved_at_key unique (dedupe_key, resolved_at)`,
  ],
  [
    'unique key certifications_mentor_id_key of expiry.certifications',
    'alter table expiry.certifications drop constraint certifications_mentor_id_key, add constraint certifications_mentor_id_key unique (mentor_id) deferrable',
  ],
  [
    'foreign key certifications_mentor_id_mentors_id_fk of expiry.certifications',
    `alter table expiry.certifications drop constraint certifications_mentor_id_mentors_id_fk,
       add constraint certifications_mentor_id_mentors_id_fk foreign key (mentor_id) references expiry.mentors on delete cascade`,
  ],
  [
    'unique index mentors_portal_key_any_case_key of expiry.mentors',
    'drop index expiry.mentors_portal_key_any_case_key; create unique index mentors_portal_key_any_case_key on expiry.mentors (upper(portal_key))',
  ],
  [
    'unique index reminder_delivery_attempts_accepted_idx of expiry.reminder_delivery_attempts',
    `drop index expiry.reminder_delivery_attempts_accepted_idx; create unique index reminder_delivery_attempts_accepted_idx
       on expiry.reminder_delivery_attempts (log_id, channel) where outcome = 'rejected'`,
  ],
  [
    'index certifications_expiry_date_idx of expiry.certifications',
    'drop index expiry.certifications_expiry_date_idx; create index certifications_expiry_date_idx on expiry.certifications (mentor_id, expiry_date)',
  ],
  [
    'index portal_sync_pushed_key_idx of expiry.portal_sync',
    'drop index expiry.portal_sync_pushed_key_idx; create index portal_sync_pushed_key_idx on expiry.portal_sync (pushed_key text_pattern_ops)',
  ],
  [
    'index mentor_status_transitions_mentor_id_idx of expiry.mentor_status_transitions',
    'drop index expiry.mentor_status_transitions_mentor_id_idx; create index mentor_status_transitions_mentor_id_idx on expiry.mentor_status_transitions (mentor_id, id desc)',
  ],
]

test.each(changed)('%s, another under its name, is told, and mended as told', async (what, change) => {
  await database.query(`set role expiry_owner; ${change}; reset role`)
  const found = (await lookAt(database))['Schema/tables'] ?? ''
  const told =
    /^fail: changed: (.*) \((.*)\) → `migrate` does not make them again: as expiry_owner: (.*); then run what that file says of them$/.exec(
      found,
    )
  const [, part, file = '', drop = ''] = told ?? [found]
  expect(part).toBe(what)
  const [, name = '', table = ''] = / (\w+) of (\S+)$/.exec(what) ?? []
  const text = await readFile(join(packageRoot(), file), 'utf8')
  const statement = text.split('--> statement-breakpoint').find((one) => one.includes(`"${name}"`)) ?? ''
  const make = statement.includes('CREATE TABLE')
    ? `alter table ${table} add ${new RegExp(`CONSTRAINT "${name}" .*?(?=,?\n)`).exec(statement)?.[0]}`
    : statement
  await database.query(`set role expiry_owner; ${drop}; ${make}; reset role`)
  expect((await lookAt(database))['Schema/tables']).toBe('ok')
})

test('a column of another type is told, and mended as told', async () => {
  await database.query('alter table expiry.organisations alter brake_share type numeric')
  const found = (await lookAt(database))['Schema/tables']
  expect(found).toMatch(/^fail: changed: column brake_share of expiry.organisations .*::numeric\(4,3\)$/)
  const told = /: as expiry_owner: (.*)$/.exec(found ?? '')?.[1]
  await database.query(`set role expiry_owner; ${told}; reset role`)
  expect((await lookAt(database))['Schema/tables']).toBe('ok')
})

test('what is lost and what is changed are told together; a table that lacks a column is not asked for what speaks of it', async () => {
  await database.query(`
    alter table expiry.organisations drop constraint organisations_slug_check, drop constraint organisations_locale_check;
    alter table expiry.organisations add constraint organisations_slug_check check (slug <> '');
    alter table expiry.mentors rename paused_until to pause;
  `)
  expect((await lookAt(database))['Schema/tables']).toBe(
    'fail: lost: column paused_until of expiry.mentors (db/migrations/0000_tables.sql), check organisations_locale_check of expiry.organisations (db/migrations/0000_tables.sql); changed: check organisations_slug_check of expiry.organisations (db/migrations/0000_tables.sql) → `migrate` does not make them again: as expiry_owner: alter table expiry.organisations drop constraint organisations_slug_check; then run what that file says of them',
  )
})

/** What a finding tells to run. */
const toldIn = (found = '') => / → as an? \w+: (.*?)(; then .*)?$/.exec(found)?.[1] ?? ''

test('foreign keys that are switched off are found, and can be switched on as told', async () => {
  await database.query('alter table expiry.certifications disable trigger all, enable trigger user')
  const found = await lookAt(database)
  expect(found['Schema/foreign keys']).toMatch(/^fail: switched off on expiry.certifications → as a superuser: alter/)
  await database.query(toldIn(found['Schema/foreign keys']))
  const after = await lookAt(database)
  expect([after['Schema/foreign keys'], after['Schema/objects']]).toEqual([undefined, 'ok'])
})

test('a column that is gone, one that may be null, and a foreign key that nobody has checked are lost', async () => {
  await database.query(`
    alter table expiry.mentors rename paused_until to pause;
    alter table expiry.certifications alter expiry_date drop not null;
    alter table expiry.certifications drop constraint certifications_mentor_id_mentors_id_fk;
    alter table expiry.certifications add constraint certifications_mentor_id_mentors_id_fk
      foreign key (mentor_id) references expiry.mentors not valid;
  `)
  const found = (await lookAt(database))['Schema/tables']
  expect(found).toContain('column paused_until of expiry.mentors (db/migrations/0000_tables.sql)')
  expect(found).toContain('not null expiry_date of expiry.certifications (db/migrations/0000_tables.sql)')
  expect(found).toContain('foreign key certifications_mentor_id_mentors_id_fk of expiry.certifications')
})

test('sequences that a restore has set back are named, and set right as told', async () => {
  const organisation = await addOrganisation(database)
  for (const daysLeft of [5, 10, 20]) await addMentor(database, { organisation, daysLeft })
  await database.query(`select setval('expiry.reminder_dispatch_log_id_seq', 1)`)
  const found = (await lookAt(database))['Schema/sequences']
  expect(found).toMatch(/^fail: behind the ids .* \(23505\): expiry\.reminder_dispatch_log_id_seq → /)
  await database.query(/as an administrator: (.*)$/.exec(found ?? '')?.[1] ?? '')
  expect((await lookAt(database))['Schema/sequences']).toBeUndefined()
  await addMentor(database, { organisation, daysLeft: 20 })
})

test('several of another owner can be given back by what is told as it stands', async () => {
  await database.query(
    'alter function expiry.today owner to postgres; alter view expiry.due_reminders owner to postgres; alter table expiry.clock_override owner to postgres',
  )
  await database.query(toldIn((await lookAt(database))['Schema/owner']))
  expect((await lookAt(database))['Schema/owner']).toBe('ok')
})

test.each([
  ['routine', 'expiry.settle_mentors'],
  ['routine', 'expiry.nightly'],
  ['view', 'expiry.uncovered_reminders'],
  ['table', 'expiry.mentors'],
  ['schema', 'expiry'],
])('a %s of another owner, %s, is found, and can be given back as told', async (kind, name) => {
  await database.query(`alter ${kind} ${name} owner to postgres`)
  const found = (await lookAt(database))['Schema/owner']
  expect(found).toBe(
    `fail: belongs to somebody else: ${name} (postgres) → as an administrator: alter ${kind} ${name} owner to expiry_owner; then ${migrate}`,
  )
  await database.query(toldIn(found))
  await applySchema({ connectionString: database.url })
  const { 'Schema/owner': owner, 'Schema/objects': objects, 'Rights/grants': grants } = await lookAt(database)
  expect([owner, objects, grants]).toEqual(['ok', 'ok', 'ok'])
})
