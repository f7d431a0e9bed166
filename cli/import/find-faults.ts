import type { Client } from 'pg'
import { portalKeyFaults } from './portal-keys.ts'

/**
 * Collects the faults that lines showed by themselves, and finds those that only show beside other lines or beside what
 * is already known: temporary table import_faults. Also makes import_groups: who stands in the file together.
 */
export async function findFaults(
  deps: { client: Client },
  options: { createOrganisations: boolean; namesPortalKeys: boolean; hasFaultyLines: boolean },
): Promise<void> {
  const statements = [
    createFaults,
    ...(options.hasFaultyLines ? [faultsOfLines] : []),
    duplicateMentors,
    createGroups,
    groupLines,
    coordinatorsWithTwoAddresses,
    ...(options.createOrganisations ? [] : [unknownOrganisations]),
    ...portalKeyFaults(options),
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

// Many mentors share a coordinator, in the same words: what concerns organisations and coordinators, and how many lines
// and dates there are, is asked of these.
const createGroups = `
  create temporary table import_groups (
    organisation text, coordinator_ref text, coordinator_name text, coordinator_email text,
    first_line integer, lines integer, dates integer
  ) on commit drop`

/** Fills import_groups from the lines that there are. */
export const groupLines = `
  insert into pg_temp.import_groups
    (organisation, coordinator_ref, coordinator_name, coordinator_email, first_line, lines, dates)
  select l.organisation, l.coordinator_ref, l.coordinator_name, l.coordinator_email,
         min(l.line), count(*), count(l.certification_expiry_date)
    from pg_temp.import_lines as l
   where l.organisation is not null
   group by l.organisation, l.coordinator_ref, l.coordinator_name, l.coordinator_email`

// Nobody can tell which address is the right one, and a wrong one sends a person's data to a stranger: all lines are bad.
const coordinatorsWithTwoAddresses = `
  with addresses as (
    select g.organisation, g.coordinator_ref, lower(g.coordinator_email) as email, min(g.first_line) as first_line
      from pg_temp.import_groups as g
     where g.coordinator_ref is not null and g.coordinator_email is not null
     group by g.organisation, g.coordinator_ref, lower(g.coordinator_email)
  ), clash as (
    select a.organisation, a.coordinator_ref, a.email, a.first_line,
           first_value(a.first_line) over by_line as first, nth_value(a.first_line, 2) over by_line as second
      from addresses as a
    window by_line as (partition by a.organisation, a.coordinator_ref order by a.first_line
                       rows between unbounded preceding and unbounded following)
  )
  insert into pg_temp.import_faults (line, fault_column, code, other_line, place)
  select l.line, 'coordinator_email', 'coordinator_two_addresses',
         case c.first_line when c.first then c.second else c.first end,
         101
    from pg_temp.import_lines as l
    join clash as c
      on c.organisation = l.organisation and c.coordinator_ref = l.coordinator_ref and c.email = lower(l.coordinator_email)
   where c.second is not null`

const unknownOrganisations = `
  insert into pg_temp.import_faults (line, fault_column, code, place)
  select l.line, 'organisation', 'unknown_organisation', 102
    from pg_temp.import_lines as l
   where l.organisation in (
     select g.organisation from pg_temp.import_groups as g
      where not exists (select from expiry.organisations as o where o.slug = g.organisation)
   )`
