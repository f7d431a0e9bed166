create or replace function expiry.settle_portal(p_mentor_ids uuid[], p_changed_at timestamptz default null)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set work_mem = '32MB' -- what a night in which 100,000 mentors change asks for; with less it goes through files
as $$
declare
  v_changed_at timestamptz := coalesce(p_changed_at, expiry.now());
  v_count integer;
  v_left uuid[];
begin
  if not expiry.has_portal() then
    return 0;
  end if;
  with desires as materialized (
    select d.mentor_id, d.portal_key, d.desired from expiry.portal_desires as d where d.mentor_id = any (p_mentor_ids)
  ), wanted as materialized (
    select d.mentor_id, d.desired, p.mentor_id is not null as is_known, p.desired_version as version,
           case
             when d.desired ->> 'visible' = 'false' and p.acknowledged ->> 'visible' is distinct from 'false' then 2
             when d.desired ->> 'visible' = 'true' and p.acknowledged ->> 'visible' is distinct from 'true' then 3
             else 4
           end as priority,
           -- What is under way about the one before whose contact it was may still be carried out.
           case when d.portal_key <> coalesce(p.desired ->> 'key', '') and exists (
             select from expiry.portal_sync as other where other.pushed_key = d.portal_key and other.mentor_id <> d.mentor_id
             union all
             select from expiry.portal_sync as other
              where other.earlier_keys <> '{}' and other.earlier_keys @> array[d.portal_key] and other.mentor_id <> d.mentor_id
           ) then pg_catalog.clock_timestamp() + expiry.portal_verify_after() + interval '1 minute' end as unsure_until
      from desires as d
      left join expiry.portal_sync as p on p.mentor_id = d.mentor_id
     where (p.mentor_id is not null or d.portal_key is not null)
       and d.desired is distinct from p.desired
  ), held as materialized (
    -- A claim that waits for its queue may hold some of them for seconds: those are noted; and so is who has a newer version
    -- by now, made of what was not to be seen here yet.
    select p.mentor_id, p.desired_version as version
      from expiry.portal_sync as p
     where p.mentor_id in (select w.mentor_id from wanted as w where w.is_known)
     order by p.mentor_id
       for no key update skip locked
  ), bumped as (
    update expiry.portal_sync as p
       set desired = w.desired, desired_version = p.desired_version + 1, changed_at = v_changed_at,
           status = case p.status when 'sending' then p.status else 'pending' end,
           priority = case when p.requested_by is not null then 1 else w.priority end,
           -- Changes in quick succession are one push or two; whoever must be hidden does not wait for it.
           available_at = case
             when w.priority = 2 or p.requested_by is not null then pg_catalog.clock_timestamp()
             else greatest(pg_catalog.clock_timestamp(), p.synced_at + interval '1 second')
           end,
           failures = 0, last_error = null,
           unsure_until = greatest(p.unsure_until, w.unsure_until),
           earlier_keys = case when w.desired ->> 'key' is distinct from p.desired ->> 'key'
             then expiry.earlier_portal_keys(p.earlier_keys || (p.desired ->> 'key'), w.desired ->> 'key')
             else p.earlier_keys end
      from held as h
      join wanted as w on w.mentor_id = h.mentor_id and w.version = h.version
     where p.mentor_id = h.mentor_id
    returning p.mentor_id
  ), added as (
    insert into expiry.portal_sync (mentor_id, desired, changed_at, priority, unsure_until)
    select w.mentor_id, w.desired, v_changed_at, w.priority, w.unsure_until from wanted as w where not w.is_known order by w.mentor_id
    on conflict (mentor_id) do nothing
    returning mentor_id
  )
  select (select pg_catalog.count(*) from bumped) + (select pg_catalog.count(*) from added),
         (select pg_catalog.array_agg(w.mentor_id) from wanted as w
           where w.is_known and (w.mentor_id, w.version) not in (select h.mentor_id, h.version from held as h))
    into v_count, v_left;
  if v_left is not null then
    insert into expiry.mentor_rechecks (mentor_id) select u.id from pg_catalog.unnest(v_left) as u (id);
  end if;
  if v_count > 0 then
    perform pg_catalog.pg_notify('expiry_portal_syncs', '');
  end if;
  return v_count;
end;
$$;
comment on function expiry.settle_portal(uuid[], timestamptz) is
  'Where what the website must show of these mentors (portal_desires) is no longer what portal_sync says, gives it a new version to be pushed, hiding first, and returns how many. A level, not an edge; p_changed_at is when they changed, where that was before now. Who is being claimed, or was given a newer version by somebody else, at this moment is noted for a recheck. Call with the mentors locked, and those noted whom somebody else holds (lock_mentors).';
