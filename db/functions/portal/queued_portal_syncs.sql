create or replace function expiry.queued_portal_syncs(p_after uuid, p_limit integer, p_for_seconds numeric)
returns table (mentor_id uuid, version bigint, priority integer)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select p.mentor_id, p.desired_version, p.priority::integer
    from expiry.portal_sync as p
   where p.status = 'queued'
     and p.mentor_id > p_after
     and p.queued_at <= pg_catalog.now() - pg_catalog.make_interval(secs => p_for_seconds)
   order by p.mentor_id
   limit p_limit;
$$;
comment on function expiry.queued_portal_syncs(uuid, integer, numeric) is
  'Mentors that have been queued for so many seconds, by id, after the one given.';
