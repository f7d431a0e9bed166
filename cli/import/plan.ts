import type { Client } from 'pg'
import { groupLines } from './find-faults.ts'
import { onlyPublished } from './portal-keys.ts'

const importLock = 7_236_004

/**
 * Decides what the good lines change, and locks what is to be changed: temporary tables import_coordinators and
 * import_mentors. Creates the organisations that are missing; returns how many. Imports go one after another from here;
 * whoever else holds a mentor for longer than half a minute fails this import (55P03).
 */
export async function planChanges(
  deps: { client: Client },
  options: { hasBadLines: boolean },
): Promise<{ newOrganisations: number }> {
  const { client } = deps
  await client.query("set local lock_timeout = '30s'")
  await client.query('select pg_catalog.pg_advisory_xact_lock($1)', [importLock])
  if (options.hasBadLines) {
    await client.query(dropBadLines)
    await client.query('delete from pg_temp.import_groups')
    await client.query(groupLines)
  }
  const organisations = await client.query(createOrganisations)
  await client.query(createCoordinators)
  await client.query('analyze pg_temp.import_coordinators')
  await client.query(createHeld)
  await client.query(createMentors({ isLocked: false }))
  // Facts are read again once they can't change any more: the night may just have expired one of these mentors.
  const held = await client.query(lockMentors)
  if (held.rowCount !== 0) {
    await client.query('alter table pg_temp.import_mentors rename to import_candidates')
    await client.query('analyze pg_temp.import_candidates (line), pg_temp.import_held')
    await client.query(createMentors({ isLocked: true }))
  }
  await client.query(lockCoordinators)
  await client.query('analyze pg_temp.import_mentors (id, is_new, is_changed, has_new_date, has_changed_date)')
  return { newOrganisations: organisations.rowCount ?? 0 }
}

const dropBadLines = `
  delete from pg_temp.import_lines as l using pg_temp.import_faults as f where f.line = l.line`

const createOrganisations = `
  insert into expiry.organisations (slug, name)
  select distinct g.organisation, g.organisation
    from pg_temp.import_groups as g
   where not exists (select from expiry.organisations as o where o.slug = g.organisation)
   order by 1
  on conflict (slug) do nothing`

// Of several names the first one counts. An address that the file does not give stays as it is known.
const createCoordinators = `
  create temporary table import_coordinators on commit drop as
  select coalesce(c.id, gen_random_uuid()) as id, g.organisation, g.organisation_id, g.coordinator_ref, g.full_name,
         coalesce(g.email, c.email) as email,
         c.id is null as is_new,
         c.id is not null and (c.full_name, c.email) is distinct from (g.full_name, coalesce(g.email, c.email)) as is_changed
    from (
      select g.organisation, o.id as organisation_id, g.coordinator_ref,
             (array_agg(g.coordinator_name order by g.first_line))[1] as full_name,
             (array_agg(g.coordinator_email order by g.first_line) filter (where g.coordinator_email is not null))[1] as email
        from pg_temp.import_groups as g
        join expiry.organisations as o on o.slug = g.organisation
       where g.coordinator_ref is not null
       group by g.organisation, o.id, g.coordinator_ref
    ) as g
    left join expiry.coordinators as c on c.organisation_id = g.organisation_id and c.external_ref = g.coordinator_ref`

const createHeld = 'create temporary table import_held (mentor_id uuid primary key) on commit drop'

/**
 * One row a mentor whose line says something else than is known, with what the mentor shall be; whoever is as the file
 * says has none, and costs no more than the comparison. A status that the file leaves open stays. Whether a certification
 * has expired its date decides, not the file: nobody becomes certification_expired by it whose date is known, and who is
 * stays so until the date is renewed. Two kinds of line are there to be counted alone: those that leave a known date as it
 * is, and those that keep a mentor expired.
 */
function createMentors({ isLocked }: { isLocked: boolean }): string {
  const mayChange = isLocked
    ? 'exists (select from pg_temp.import_held as h where h.mentor_id = m.id)'
    : 'm.id is not null'
  const candidates = isLocked ? 'and l.line in (select c.line from pg_temp.import_candidates as c)' : ''
  return `
  create temporary table import_mentors on commit drop as
  select coalesce(i.mentor_id, gen_random_uuid()) as id, i.line, i.organisation_id, i.mentor_ref, i.full_name,
         i.coordinator_id, i.portal_key, i.status, i.expiry_date,
         i.is_new, i.is_changed, i.has_new_date, i.has_changed_date, i.keeps_date, i.is_kept_expired
    from (
      select m.id as mentor_id, l.line, o.id as organisation_id, l.mentor_ref, l.mentor_name as full_name,
             co.id as coordinator_id, shall.portal_key, shall.status, l.certification_expiry_date as expiry_date,
             m.id is null as is_new,
             ${mayChange} and (m.full_name, m.coordinator_id, m.portal_key, m.status)
               is distinct from (l.mentor_name, co.id, shall.portal_key, shall.status) as is_changed,
             l.certification_expiry_date is not null and c.id is null and (m.id is null or ${mayChange}) as has_new_date,
             l.certification_expiry_date <> c.expiry_date and ${mayChange} as has_changed_date,
             l.certification_expiry_date is null and c.id is not null as keeps_date,
             m.status = 'certification_expired' and l.status = 'active' and facts.is_valid is not true as is_kept_expired
        from pg_temp.import_lines as l
        join expiry.organisations as o on o.slug = l.organisation
        left join expiry.mentors as m on m.organisation_id = o.id and m.external_ref = l.mentor_ref
        left join expiry.certifications as c on c.mentor_id = m.id
        left join pg_temp.import_coordinators as co
          on co.organisation = l.organisation and co.coordinator_ref = l.coordinator_ref
       cross join lateral (
         select coalesce(l.certification_expiry_date, c.expiry_date)
                  >= ((select expiry.now()) at time zone o.zone_in_force)::date as is_valid
       ) as facts
       cross join lateral (
         select case
                  when m.id is null then coalesce(l.status, 'active')
                  when m.status = 'certification_expired'
                       and (l.status = 'active' or l.status = 'paused' and facts.is_valid is not true) then m.status
                  when l.status = 'certification_expired' and facts.is_valid is not null
                    then case m.status when 'inactive' then 'active' else m.status end
                  else coalesce(l.status, m.status)
                end as status,
                coalesce(l.portal_key, m.portal_key, case o.id when ${onlyPublished} then l.mentor_ref end) as portal_key
       ) as shall
       where true ${candidates}
    ) as i
   where i.is_new or i.is_changed or i.has_new_date or i.has_changed_date or i.keeps_date or i.is_kept_expired`
}

const lockMentors = `
  insert into pg_temp.import_held (mentor_id)
  select m.id
    from expiry.mentors as m
   where m.id in (
     select i.id from pg_temp.import_mentors as i where not i.is_new and (i.is_changed or i.has_new_date or i.has_changed_date)
   )
   order by m.id
     for no key update`

const lockCoordinators = `
  select from expiry.coordinators as c
   where c.id in (select i.id from pg_temp.import_coordinators as i where i.is_changed)
   order by c.id
     for no key update`
