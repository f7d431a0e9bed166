import { beforeAll, beforeEach, expect, test } from 'vitest'
import { knownStructure } from '../../db/apply.ts'
import { compareStructure, type Structure } from '../../db/structure.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { connectAs } from './roles.ts'

let structure: Structure
let database: Database

beforeAll(async () => {
  structure = await knownStructure()
})

beforeEach(async () => {
  database = await freshDatabase()
  return () => database[Symbol.asyncDispose]()
})

/** What has its name and is another, by a login that may only read, under these settings. */
async function changed(...settings: string[]): Promise<string[]> {
  const reader = await connectAs(database, 'expiry_reader')
  for (const setting of settings) await reader.query(`set ${setting}`)
  const differences = await compareStructure(reader, structure)
  expect(differences).toMatchObject({ missing: [], off: [] })
  return differences.changed.map(({ name }) => name).sort()
}

test.each(['search_path = expiry', `datestyle = 'German'`, `intervalstyle = 'sql_standard'`, 'enable_seqscan = off'])(
  'tables as they were made are not changed under the setting %s',
  async (setting) => {
    expect(await changed(setting)).toEqual([])
  },
)

test('a check and a predicate that say the same in other words are not changed', async () => {
  await database.query(`
    alter table expiry.portal_sync drop constraint portal_sync_priority_check,
      add constraint portal_sync_priority_check check (priority >= 1 and priority <= 4);
    alter table expiry.operations_alerts drop constraint operations_alerts_severity_check,
      add constraint operations_alerts_severity_check check (severity = any ('{warning,critical}'));
    drop index expiry.portal_reconciliations_open_idx;
    create index portal_reconciliations_open_idx on expiry.portal_reconciliations using btree (id asc nulls last)
      where ((status = any (array['requested'::text, 'running'::text])));
  `)
  expect(await changed()).toEqual([])
})

test('a check, a key, a foreign key and an index of another meaning are told', async () => {
  await database.query(`
    alter table expiry.portal_sync drop constraint portal_sync_priority_check,
      add constraint portal_sync_priority_check check (priority between 1 and 40);
    alter table expiry.certifications drop constraint certifications_mentor_id_key,
      add constraint certifications_mentor_id_key unique (id, mentor_id);
    alter table expiry.certifications drop constraint certifications_mentor_id_mentors_id_fk,
      add constraint certifications_mentor_id_mentors_id_fk foreign key (mentor_id) references expiry.mentors on delete cascade;
    drop index expiry.reminder_delivery_attempts_accepted_idx;
    create unique index reminder_delivery_attempts_accepted_idx on expiry.reminder_delivery_attempts (log_id, channel)
      where outcome = 'rejected';
  `)
  expect(await changed()).toEqual([
    'certifications_mentor_id_key',
    'certifications_mentor_id_mentors_id_fk',
    'portal_sync_priority_check',
    'reminder_delivery_attempts_accepted_idx',
  ])
})

test('what is of a host’s is another, and none of its functions is run to find out', async () => {
  await database.query(`
    create schema host;
    create table host.mentors (id uuid primary key);
    create collation host.loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
    alter table expiry.certifications drop constraint certifications_mentor_id_mentors_id_fk,
      add constraint certifications_mentor_id_mentors_id_fk foreign key (mentor_id) references host.mentors;
    drop index expiry.mentors_portal_key_any_case_key;
    create unique index mentors_portal_key_any_case_key on expiry.mentors (lower(portal_key) collate host.loose);
    create function host.f(integer) returns boolean language plpgsql immutable as $$
      begin perform pg_catalog.set_config('host.ran', 'yes', false); return true; end $$;
    alter table expiry.portal_sync drop constraint portal_sync_priority_check,
      add constraint portal_sync_priority_check check (priority between 1 and 4 and host.f(1));
  `)
  const owner = await database.connect()
  const { changed } = await compareStructure(owner, structure)
  expect(changed.map(({ name }) => name).sort()).toEqual([
    'certifications_mentor_id_mentors_id_fk',
    'mentors_portal_key_any_case_key',
    'portal_sync_priority_check',
  ])
  const { rows } = await owner.query<{ ran: string | null }>(`select current_setting('host.ran', true) as ran`)
  expect(rows).toEqual([{ ran: null }])
})

test('a column of another type is changed, one without the default that it cannot do without has lost it', async () => {
  await database.query(`
    alter table expiry.organisations alter brake_share type numeric, alter locale set default 'en', alter send_from drop default;
    alter table expiry.reminder_dispatch_log alter available_at drop default;
  `)
  const { missing, changed } = await compareStructure(await database.connect(), structure)
  const inShort = (parts: typeof missing) => parts.map(({ kind, table, name }) => `${kind} ${table}.${name}`)
  expect(inShort(changed)).toEqual(['column organisations.brake_share'])
  expect(inShort(missing)).toEqual(['default reminder_dispatch_log.available_at'])
})

test('a check that calls what the login may not call is not the one that was made; its table is compared all the same', async () => {
  await database.query(`
    create function public.of_a_host(text) returns boolean language sql immutable as $$ select true $$;
    revoke execute on function public.of_a_host from public;
    alter table expiry.organisations
      drop constraint organisations_slug_check, add constraint organisations_slug_check check (public.of_a_host(slug)),
      drop constraint organisations_locale_check, add constraint organisations_locale_check check (locale in ('en', 'nb', 'sv')),
      drop constraint organisations_brake_check, add constraint organisations_brake_check
        check (brake_mentors >= 0 and brake_share >= 0 and brake_share <= 1);
  `)
  expect(await changed()).toEqual(['organisations_locale_check', 'organisations_slug_check'])
})
