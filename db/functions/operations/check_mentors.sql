create or replace function expiry.check_mentors(p_organisation_ids uuid[])
returns void
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = on -- the night, which calls this, looks for few among many; this reads them all
as $$
  with eligible as (
    select m.id, m.organisation_id, c.mentor_id is null as is_uncertified,
           o.fallback_email is null and r.coordinator_id is null as is_unreachable
      from expiry.mentors as m
      join expiry.organisations as o on o.id = m.organisation_id
      left join expiry.certifications as c on c.mentor_id = m.id
      left join expiry.reachable_coordinators as r on r.coordinator_id = m.coordinator_id
     where m.status in ('active', 'paused') and m.organisation_id = any (p_organisation_ids)
       and (c.mentor_id is null or r.coordinator_id is null)
  ), found as (
    select f.kind, e.organisation_id, pg_catalog.count(*) as count,
           (pg_catalog.array_agg(e.id order by e.id))[:20] as mentors
      from eligible as e
     cross join lateral (
       values ('mentors_uncertified', e.is_uncertified), ('mentors_unreachable', e.is_unreachable)
     ) as f (kind, is_so)
     where f.is_so
     group by f.kind, e.organisation_id
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
