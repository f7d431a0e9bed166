import type { Client } from 'pg'

/**
 * Collects the faults that lines showed by themselves, and finds those that only show beside other lines or beside what
 * is already known: temporary table import_faults. Also makes import_people: each line that names its mentor, with the
 * organisation and mentor that it means, null where unknown, and the portal key that the mentor shall have.
 */
export async function findFaults(deps: { client: Client }, options: { createOrganisations: boolean }): Promise<void> {
  const statements = [
    createFaults,
    faultsOfLines,
    duplicateMentors,
    coordinatorsWithTwoAddresses,
    ...(options.createOrganisations ? [] : [unknownOrganisations]),
    createPeople,
    'analyze pg_temp.import_people (line, organisation_id, mentor_ref, portal_key)',
    underivablePortalKeys,
    duplicatePortalKeys,
    portalKeysOfOthers,
    'analyze pg_temp.import_faults',
  ]
  for (const statement of statements) await deps.client.query(statement)
}

// `place` orders the faults of one line: its columns in the file's order, then what other lines show.
const createFaults = `
  create temporary table import_faults (
    line integer not null, fault_column text not null, code text not null, other_line integer, place integer not null
  ) on commit drop`

const faultsOfLines = `
  insert into pg_temp.import_faults (line, fault_column, code, place)
  select l.line, split_part(f.pair, ':', 1), split_part(f.pair, ':', 2), f.place
    from pg_temp.import_lines as l
   cross join lateral unnest(string_to_array(l.faults, ' ')) with ordinality as f (pair, place)
   where l.faults is not null`

const duplicateMentors = `
  with twice as (
    select l.organisation, l.mentor_ref, min(l.line) as first_line
      from pg_temp.import_lines as l
     where l.organisation is not null and l.mentor_ref is not null
     group by l.organisation, l.mentor_ref
    having count(*) > 1
  )
  insert into pg_temp.import_faults (line, fault_column, code, other_line, place)
  select l.line, 'mentor_ref', 'duplicate_mentor',
         case l.line when t.first_line then lead(l.line) over (partition by l.organisation, l.mentor_ref order by l.line)
                     else t.first_line end,
         100
    from pg_temp.import_lines as l
    join twice as t using (organisation, mentor_ref)`

// Nobody can tell which address is the right one, and a wrong one sends a person's data to a stranger: all lines are bad.
const coordinatorsWithTwoAddresses = `
  with clash as (
    select l.organisation, l.coordinator_ref, min(l.line) as first_line
      from pg_temp.import_lines as l
     where l.organisation is not null and l.coordinator_ref is not null and l.coordinator_email is not null
     group by l.organisation, l.coordinator_ref
    having min(lower(l.coordinator_email)) <> max(lower(l.coordinator_email))
  ), first as (
    select c.organisation, c.coordinator_ref, c.first_line, lower(l.coordinator_email) as email
      from clash as c
      join pg_temp.import_lines as l on l.line = c.first_line
  ), other as (
    select f.organisation, f.coordinator_ref, min(l.line) as line
      from first as f
      join pg_temp.import_lines as l using (organisation, coordinator_ref)
     where lower(l.coordinator_email) <> f.email
     group by f.organisation, f.coordinator_ref
  )
  insert into pg_temp.import_faults (line, fault_column, code, other_line, place)
  select l.line, 'coordinator_email', 'coordinator_two_addresses',
         case lower(l.coordinator_email) when f.email then o.line else f.first_line end,
         101
    from pg_temp.import_lines as l
    join first as f using (organisation, coordinator_ref)
    join other as o using (organisation, coordinator_ref)
   where l.coordinator_email is not null`

const unknownOrganisations = `
  insert into pg_temp.import_faults (line, fault_column, code, place)
  select l.line, 'organisation', 'unknown_organisation', 102
    from pg_temp.import_lines as l
    left join expiry.organisations as o on o.slug = l.organisation
   where l.organisation is not null and o.id is null`

// Without one in the file a mentor keeps the portal key; where only one organisation is published, its mentors without
// any get their reference.
const createPeople = `
  create temporary table import_people on commit drop as
  select l.line, l.organisation, o.id as organisation_id, l.mentor_ref, m.id as mentor_id, l.mentor_name, l.status,
         l.certification_expiry_date as expiry_date, l.coordinator_ref, l.coordinator_name, l.coordinator_email,
         coalesce(l.portal_key, m.portal_key, case o.id when only_one.id then l.mentor_ref end) as portal_key
    from pg_temp.import_lines as l
    left join expiry.organisations as o on o.slug = l.organisation
    left join expiry.mentors as m on m.organisation_id = o.id and m.external_ref = l.mentor_ref
    left join (
      select min(p.id::text)::uuid as id from expiry.organisations as p where p.portal_enabled having count(*) = 1
    ) as only_one on true
   where l.organisation is not null and l.mentor_ref is not null`

const underivablePortalKeys = `
  insert into pg_temp.import_faults (line, fault_column, code, place)
  select p.line, 'portal_key', 'bad_portal_key', 103
    from pg_temp.import_people as p
   where p.portal_key ~ '[/<>*%&:\\\\?+]'
     and not exists (select from pg_temp.import_faults as f where f.line = p.line and f.fault_column = 'portal_key')`

const duplicatePortalKeys = `
  with twice as (
    select p.portal_key, min(p.line) as first_line
      from pg_temp.import_people as p
     where p.portal_key is not null
     group by p.portal_key
    having count(*) > 1 and count(distinct (p.organisation, p.mentor_ref)) > 1
  )
  insert into pg_temp.import_faults (line, fault_column, code, other_line, place)
  select p.line, 'portal_key', 'duplicate_portal_key',
         case p.line when t.first_line then lead(p.line) over (partition by p.portal_key order by p.line)
                     else t.first_line end,
         104
    from pg_temp.import_people as p
    join twice as t using (portal_key)`

const portalKeysOfOthers = `
  insert into pg_temp.import_faults (line, fault_column, code, place)
  select p.line, 'portal_key', 'portal_key_taken', 105
    from pg_temp.import_people as p
    join expiry.mentors as m on m.portal_key = p.portal_key and m.id is distinct from p.mentor_id`
