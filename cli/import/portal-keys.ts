/**
 * Statements that find the faults of portal keys. They look at import_keys: the lines whose mentor shall have another key
 * than now, and those whose mentor has one that is asked for. Where neither the file names keys nor any is derived from
 * the reference, every mentor keeps the present one, which is nobody else's. Dataverse compares keys without regard to case.
 */
export function portalKeyFaults({ namesPortalKeys }: { namesPortalKeys: boolean }): string[] {
  return [
    createKeys(namesPortalKeys),
    holdersOfKeys,
    'analyze pg_temp.import_keys',
    underivablePortalKeys,
    duplicatePortalKeys,
    portalKeysOfOthers,
  ]
}

/** The one organisation that is published, where there is no other: its mentors without a key get their reference. */
export const onlyPublished =
  '(select min(p.id::text)::uuid from expiry.organisations as p where p.portal_enabled having count(*) = 1)'

const createKeys = (namesPortalKeys: boolean): string => `
  create temporary table import_keys on commit drop as
  select l.line, l.organisation, l.mentor_ref, m.id as mentor_id, shall.portal_key
    from pg_temp.import_lines as l
    left join expiry.organisations as o on o.slug = l.organisation
    left join expiry.mentors as m on m.organisation_id = o.id and m.external_ref = l.mentor_ref
   cross join lateral (
     select coalesce(l.portal_key, m.portal_key, case o.id when ${onlyPublished} then l.mentor_ref end) as portal_key
   ) as shall
   where (${namesPortalKeys} or ${onlyPublished} is not null)
     and l.organisation is not null
     and l.mentor_ref is not null
     and shall.portal_key is distinct from m.portal_key`

const holdersOfKeys = `
  insert into pg_temp.import_keys (line, organisation, mentor_ref, mentor_id, portal_key)
  select l.line, l.organisation, l.mentor_ref, m.id, m.portal_key
    from expiry.mentors as m
    join expiry.organisations as o on o.id = m.organisation_id
    join pg_temp.import_lines as l on l.organisation = o.slug and l.mentor_ref = m.external_ref
   where lower(m.portal_key) in (select lower(k.portal_key) from pg_temp.import_keys as k)
     and coalesce(l.portal_key, m.portal_key) = m.portal_key`

const underivablePortalKeys = `
  insert into pg_temp.import_faults (line, fault_column, code, place)
  select k.line, 'portal_key', 'bad_portal_key', 103
    from pg_temp.import_keys as k
   where k.portal_key ~ '[/<>*%&:\\\\?+]'
     and not exists (select from pg_temp.import_faults as f where f.line = k.line and f.fault_column = 'portal_key')`

const duplicatePortalKeys = `
  with twice as (
    select lower(k.portal_key) as key, min(k.line) as first_line
      from pg_temp.import_keys as k
     group by lower(k.portal_key)
    having count(*) > 1 and count(distinct (k.organisation, k.mentor_ref)) > 1
  )
  insert into pg_temp.import_faults (line, fault_column, code, other_line, place)
  select k.line, 'portal_key', 'duplicate_portal_key',
         case k.line when t.first_line then lead(k.line) over (partition by t.key order by k.line)
                     else t.first_line end,
         104
    from pg_temp.import_keys as k
    join twice as t on t.key = lower(k.portal_key)`

const portalKeysOfOthers = `
  insert into pg_temp.import_faults (line, fault_column, code, place)
  select k.line, 'portal_key', 'portal_key_taken', 105
    from pg_temp.import_keys as k
    join expiry.mentors as m on lower(m.portal_key) = lower(k.portal_key) and m.id is distinct from k.mentor_id`
