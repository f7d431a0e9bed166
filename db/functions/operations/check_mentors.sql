create or replace function expiry.check_mentors(p_organisation_ids uuid[])
returns void
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
set work_mem = '64MB'
set jit = off
as $$
  -- One question after the other: together they would be sorted, a million mentors and all their coordinators.
  with uncertified as (
    select m.id, m.organisation_id
      from expiry.mentors as m
     where m.status in ('active', 'paused')
       and m.organisation_id = any (p_organisation_ids)
       and not exists (select from expiry.certifications as c where c.mentor_id = m.id)
  ), unreachable as (
    select m.id, m.organisation_id
      from expiry.mentors as m
      join expiry.organisations as o on o.id = m.organisation_id and o.fallback_email is null
      left join expiry.reachable_coordinators as r on r.coordinator_id = m.coordinator_id
     where m.status in ('active', 'paused') and m.organisation_id = any (p_organisation_ids) and r.coordinator_id is null
  ), found as (
    select 'mentors_uncertified' as kind, u.organisation_id, pg_catalog.count(*) as count,
           (pg_catalog.array_agg(u.id order by u.id))[:20] as mentors
      from uncertified as u
     group by u.organisation_id
    union all
    select 'mentors_unreachable', u.organisation_id, pg_catalog.count(*), (pg_catalog.array_agg(u.id order by u.id))[:20]
      from unreachable as u
     group by u.organisation_id
  )
  select pg_catalog.count(expiry.keep_alert(
           k.kind, 'warning', k.kind || ':' || o.id, f.count is not null,
           pg_catalog.jsonb_build_object('organisation', o.id, 'count', f.count, 'mentors', f.mentors)
         )::text)
    from unnest(p_organisation_ids) as o (id)
   cross join (values ('mentors_uncertified'), ('mentors_unreachable')) as k (kind)
    left join found as f on f.organisation_id = o.id and f.kind = k.kind;
$$;
comment on function expiry.check_mentors(uuid[]) is
  'Keeps the alerts about active and paused mentors of these organisations who have no certification, or nobody who could be reminded about them: one an organisation, with their number and at most twenty ids.';
