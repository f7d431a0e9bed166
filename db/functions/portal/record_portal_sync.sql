create or replace function expiry.record_portal_sync(p_mentor_id uuid, p_version bigint, p_attempt integer, p_result jsonb)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  v_outcome text := p_result ->> 'outcome';
  v_now timestamptz := pg_catalog.clock_timestamp();
  v_status text;
begin
  if v_outcome is null or v_outcome not in ('acknowledged', 'failed', 'unknown', 'postponed', 'parked') then
    raise exception using errcode = '22023', message = 'the outcome of a push is none that is known';
  end if;
  update expiry.portal_sync as p
     set status = next.status,
         desired_version = p.desired_version + (next.status = 'pending' and p.desired_version = p_version)::integer,
         lease_until = null, sending_version = null,
         synced_version = case v_outcome when 'acknowledged' then p_version else p.synced_version end,
         synced_at = case v_outcome when 'acknowledged' then v_now else p.synced_at end,
         pushed_key = case when v_outcome in ('acknowledged', 'unknown') then coalesce(p_result ->> 'key', p.pushed_key) else p.pushed_key end,
         -- What is not to be relied on yet is looked at once more.
         earlier_keys = case when p.unsure_until > (p_result ->> 'begunAt')::timestamptz then p.earlier_keys
           else array(select u.key from pg_catalog.unnest(p.earlier_keys) as u (key) where not coalesce(p_result -> 'withdrawn', '[]') @> pg_catalog.to_jsonb(u.key)) end,
         acknowledged = case v_outcome
           when 'acknowledged' then p_result -> 'shown'
           when 'unknown' then null
           when 'parked' then null
           else p.acknowledged
         end,
         unsure_until = case
           when v_outcome = 'unknown' then v_now + expiry.portal_verify_after()
           when v_outcome = 'acknowledged' and p.unsure_until <= (p_result ->> 'begunAt')::timestamptz then null
           else p.unsure_until
         end,
         failures = case when v_outcome in ('failed', 'unknown') then p.failures + 1 when v_outcome = 'postponed' then p.failures else 0 end,
         available_at = case
           when next.status = 'verifying' then p.unsure_until
           when p.desired_version > p_version then v_now
           else v_now + pg_catalog.make_interval(secs => coalesce(
             (p_result ->> 'retryAfter')::double precision,
             case when v_outcome in ('failed', 'unknown')
               then least(900, 2 ^ least(p.failures, 10)) * (0.5 + pg_catalog.random() / 2) else 0 end))
         end,
         requested_by = case when next.status in ('synced', 'parked') then null else p.requested_by end,
         last_error = case v_outcome when 'acknowledged' then null else p_result ->> 'code' end
    from (
      select q.mentor_id,
             case
               when v_outcome in ('failed', 'unknown', 'postponed') or q.desired_version > p_version then 'pending'
               when v_outcome = 'parked' then 'parked'
               when q.unsure_until > (p_result ->> 'begunAt')::timestamptz then 'verifying'
               else 'synced'
             end as status
        from expiry.portal_sync as q
       where q.mentor_id = p_mentor_id and q.status = 'sending' and q.sending_version = p_version and q.attempts = p_attempt
         for no key update
    ) as next
   where p.mentor_id = next.mentor_id
  returning p.status into v_status;
  if v_status is null then
    return 'stale';
  end if;
  insert into expiry.portal_sync_attempts (mentor_id, version, attempt, outcome, code, steps, started_at)
  values (p_mentor_id, p_version, p_attempt, v_outcome, p_result ->> 'code', coalesce(p_result -> 'steps', '[]'),
          coalesce((p_result ->> 'startedAt')::timestamptz, v_now));
  return v_status;
end;
$$;
comment on function expiry.record_portal_sync(uuid, bigint, integer, jsonb) is
  'Writes down what came of an attempt to push a version, fenced by version and attempt, and returns the status that follows, or stale. acknowledged: the portal shows the version (shown, read or written after begunAt, by the clock of the database); synced only if it is still the desired one and no earlier request may still be carried out, else pending or verifying. failed: tried again after a growing pause; unknown: the same, and read back later; postponed: not before retryAfter seconds; parked: not before the night, a change or a person.';
