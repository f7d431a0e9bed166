create or replace function expiry.rescue_stuck_portal_syncs(p_limit integer default 1000)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  with stuck as materialized (
    select p.mentor_id, p.sending_version, p.attempts
      from expiry.portal_sync as p
     where p.status = 'sending' and p.lease_until < pg_catalog.clock_timestamp()
     order by p.mentor_id
     limit p_limit
       for no key update skip locked
  ), noted as (
    insert into expiry.portal_sync_attempts (mentor_id, version, attempt, outcome, code, started_at)
    select s.mentor_id, s.sending_version, s.attempts, 'unknown', 'lease_expired', pg_catalog.clock_timestamp() from stuck as s
    on conflict do nothing
  )
  update expiry.portal_sync as p
     set status = 'pending', desired_version = p.desired_version + 1, lease_until = null, sending_version = null,
         acknowledged = null, pushed_key = coalesce(p.pushed_key, p.desired ->> 'key'),
         unsure_until = pg_catalog.clock_timestamp() + expiry.portal_verify_after(),
         failures = p.failures + 1, last_error = 'lease_expired',
         available_at = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => least(900, 2 ^ least(p.failures, 10)))
    from stuck as s
   where p.mentor_id = s.mentor_id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function expiry.rescue_stuck_portal_syncs(integer) is
  'Makes mentors pending again whose pusher let its lease run out, and returns how many. What it had sent may still be carried out: the state is pushed again, and read back later.';
