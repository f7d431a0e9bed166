import type { Client } from 'pg'

const importLock = 7_236_004

/**
 * Decides what the good lines of import_people change, and locks what is to be changed: temporary tables
 * import_coordinators and import_mentors. Creates the organisations that are missing; returns how many. Imports go one
 * after another from here; whoever else holds a mentor for longer than half a minute fails this import (55P03).
 */
export async function planChanges(deps: { client: Client }): Promise<{ newOrganisations: number }> {
  const { client } = deps
  await client.query("set local lock_timeout = '30s'")
  await client.query('select pg_catalog.pg_advisory_xact_lock($1)', [importLock])
  await client.query(dropBadLines)
  const organisations = await client.query(createOrganisations)
  await client.query(nameOrganisations)
  await client.query(createCoordinators)
  await client.query(
    'analyze pg_temp.import_people (organisation_id, mentor_ref, coordinator_ref), pg_temp.import_coordinators',
  )
  await client.query(createHeld)
  await client.query(createMentors({ isLocked: false }))
  // Facts are read again once they can't change any more: the night may just have expired one of these mentors.
  const held = await client.query(lockMentors)
  if (held.rowCount !== 0) {
    await client.query('drop table pg_temp.import_mentors')
    await client.query(createMentors({ isLocked: true }))
  }
  await client.query(lockCoordinators)
  await client.query('analyze pg_temp.import_mentors (id, is_new, is_changed, has_new_date, has_changed_date)')
  return { newOrganisations: organisations.rowCount ?? 0 }
}

const dropBadLines = `
  delete from pg_temp.import_people as p using pg_temp.import_faults as f where f.line = p.line`

const createOrganisations = `
  insert into expiry.organisations (slug, name)
  select distinct p.organisation, p.organisation from pg_temp.import_people as p where p.organisation_id is null order by 1
  on conflict (slug) do nothing`

const nameOrganisations = `
  update pg_temp.import_people as p
     set organisation_id = o.id
    from expiry.organisations as o
   where p.organisation_id is null and o.slug = p.organisation`

// Of several names the first one counts. An address that the file does not give stays as it is known.
const createCoordinators = `
  create temporary table import_coordinators on commit drop as
  select coalesce(c.id, gen_random_uuid()) as id, g.organisation_id, g.coordinator_ref, g.full_name,
         coalesce(g.email, c.email) as email,
         c.id is null as is_new,
         c.id is not null and (c.full_name, c.email) is distinct from (g.full_name, coalesce(g.email, c.email)) as is_changed
    from (
      select p.organisation_id, p.coordinator_ref,
             (array_agg(p.coordinator_name order by p.line))[1] as full_name,
             (array_agg(p.coordinator_email order by p.line) filter (where p.coordinator_email is not null))[1] as email
        from pg_temp.import_people as p
       where p.coordinator_ref is not null
       group by p.organisation_id, p.coordinator_ref
    ) as g
    left join expiry.coordinators as c on c.organisation_id = g.organisation_id and c.external_ref = g.coordinator_ref`

const createHeld = 'create temporary table import_held (mentor_id uuid primary key) on commit drop'

/**
 * One row a mentor, with what the mentor shall be. A status that the file leaves open stays. Whether a certification has
 * expired its date decides, not the file: nobody becomes certification_expired by it whose date is known, and who is stays
 * so until the date is renewed.
 */
function createMentors({ isLocked }: { isLocked: boolean }): string {
  const mayChange = isLocked
    ? 'exists (select from pg_temp.import_held as h where h.mentor_id = m.id)'
    : 'm.id is not null'
  return `
  create temporary table import_mentors on commit drop as
  select coalesce(m.id, gen_random_uuid()) as id, p.organisation_id, p.mentor_ref, p.mentor_name as full_name,
         co.id as coordinator_id, p.portal_key, shall.status, p.expiry_date,
         m.id is null as is_new,
         ${mayChange} and (m.full_name, m.coordinator_id, m.portal_key, m.status)
           is distinct from (p.mentor_name, co.id, p.portal_key, shall.status) as is_changed,
         p.expiry_date is not null and c.id is null and (m.id is null or ${mayChange}) as has_new_date,
         p.expiry_date <> c.expiry_date and ${mayChange} as has_changed_date,
         c.id is not null or p.expiry_date is not null as has_date,
         m.status = 'certification_expired' and p.status = 'active' and facts.is_valid is not true as is_kept_expired
    from pg_temp.import_people as p
    left join expiry.mentors as m on m.organisation_id = p.organisation_id and m.external_ref = p.mentor_ref
    left join expiry.certifications as c on c.mentor_id = m.id
    left join pg_temp.import_coordinators as co
      on co.organisation_id = p.organisation_id and co.coordinator_ref = p.coordinator_ref
   cross join lateral (
     select coalesce(p.expiry_date, c.expiry_date) >= expiry.today(p.organisation_id) as is_valid
   ) as facts
   cross join lateral (
     select case
       when m.id is null then coalesce(p.status::expiry.mentor_status, 'active')
       when m.status = 'certification_expired' and (p.status = 'active' or p.status = 'paused' and facts.is_valid is not true)
         then m.status
       when p.status = 'certification_expired' and facts.is_valid is not null
         then case m.status when 'inactive' then 'active' else m.status end
       else coalesce(p.status::expiry.mentor_status, m.status)
     end as status
   ) as shall`
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
