create or replace function expiry.begin_portal_sync(
  p_holder uuid, p_mentor_id uuid, p_environment uuid, p_lease_seconds integer
)
returns table (verdict text, task jsonb)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '400ms'
set plan_cache_mode = force_generic_plan
as $$
declare
  v_row expiry.portal_sync;
  v_desired jsonb;
  v_key text;
  v_earlier text[];
  v_withdraw text[];
  v_is_new boolean;
  v_now timestamptz := pg_catalog.clock_timestamp();
begin
  if p_holder is not null and not exists (
    select from expiry.portal_worker as w where w.holder = p_holder and w.until > v_now
  ) then
    return query select 'not_holder', null::jsonb;
    return;
  end if;
  begin
    -- A job may run before its claim has committed, which it is about to.
    select p.* into v_row from expiry.portal_sync as p where p.mentor_id = p_mentor_id for no key update;
  exception when lock_not_available then
    return query select 'locked', null::jsonb;
    return;
  end;
  if v_row.mentor_id is null or v_row.status = 'sending' or p_holder is not null and v_row.status not in ('pending', 'queued') then
    return query select 'stale', null::jsonb;
    return;
  end if;

  -- The facts once more: they may have changed since, and the clock alone may have made them others.
  select d.desired, d.portal_key into strict v_desired, v_key from expiry.portal_desires as d where d.mentor_id = p_mentor_id;
  v_earlier := expiry.earlier_portal_keys(v_row.earlier_keys || v_row.pushed_key || (v_row.desired ->> 'key'), v_key);
  v_withdraw := array(
    select u.key from pg_catalog.unnest(v_earlier) as u (key)
     where not exists (
       -- Whose contact it is now says what it shows.
       select from expiry.portal_desires as d
         join expiry.mentors as m on m.id = d.mentor_id
        where m.portal_key = u.key and m.id <> p_mentor_id and d.portal_key is not null
     )
  );
  v_is_new := v_desired is distinct from v_row.desired or v_row.status not in ('pending', 'queued');
  update expiry.portal_sync as p
     set status = 'sending', lease_until = v_now + pg_catalog.make_interval(secs => p_lease_seconds),
         attempts = p.attempts + 1,
         desired = v_desired,
         desired_version = p.desired_version + v_is_new::integer,
         sending_version = p.desired_version + v_is_new::integer,
         pushed_key = case when p.pushed_key = v_key then v_key end,
         earlier_keys = v_earlier,
         changed_at = case when v_desired is distinct from p.desired then expiry.now() else p.changed_at end
   where p.mentor_id = p_mentor_id
  returning p.* into v_row;
  return query select 'begun', pg_catalog.jsonb_build_object(
    'mentorId', p_mentor_id,
    'version', v_row.sending_version,
    'attempt', v_row.attempts,
    'begunAt', v_now,
    'changedAt', v_row.changed_at,
    'desired', v_desired,
    'withdraw', v_withdraw,
    'acknowledged', case
      when v_row.unsure_until is null and v_row.pushed_key = v_key
           and v_row.acknowledged ->> 'environment' = p_environment::text then v_row.acknowledged
    end,
    'isRequested', v_row.requested_by is not null
  );
end;
$$;
comment on function expiry.begin_portal_sync(uuid, uuid, uuid, integer) is
  'Takes a mentor for pushing under a lease of so many seconds, right before the wire: one request about a mentor at a time. Answers begun with the task: what must be shown now, under which version and attempt, what the contact is known to show (acknowledged, null where it must be read first) and which contacts of earlier keys must be hidden before (withdraw). stale: there is nothing to do any more; locked: ask again; not_holder: another process speaks with the portal. Without a holder, as break-glass-sync calls it, a mentor is taken in any state but sending.';
