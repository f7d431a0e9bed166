create or replace function expiry.transition_mentor_status(
  p_mentor_id uuid,
  p_expected expiry.mentor_status,
  p_new expiry.mentor_status,
  p_reason text,
  p_actor text
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_status expiry.mentor_status;
  v_can boolean;
  v_today date;
  v_reason text := coalesce(pg_catalog.current_setting('expiry.reason', true), '');
  v_actor text := coalesce(pg_catalog.current_setting('expiry.actor', true), '');
begin
  if pg_catalog.btrim(coalesce(p_reason, '')) = '' or pg_catalog.btrim(coalesce(p_actor, '')) = ''
     or p_expected is null or p_new is null then
    raise exception using errcode = '22004', message = 'a transition needs both statuses, a reason and an actor';
  end if;
  select m.status into v_status from expiry.mentors as m where m.id = p_mentor_id for no key update;
  if v_status is distinct from p_expected then
    return false;
  end if;
  select p_new <> p_expected and case p_new
           when 'inactive' then true
           when 'certification_expired' then p_expected <> 'inactive' and coalesce(s.standing_date < clock.today, false)
           else coalesce(s.standing_date >= clock.today, p_expected <> 'certification_expired')
         end, clock.today
    into strict v_can, v_today
    from expiry.mentor_standing as s
   cross join lateral (select expiry.today(s.organisation_id) as today) as clock
   where s.mentor_id = p_mentor_id;
  if not v_can then
    raise exception using
      errcode = 'EX003',
      message = pg_catalog.format('mentor %s cannot go from %s to %s', p_mentor_id, p_expected, p_new),
      hint = 'docs/errors.md lists the changes of status that the facts allow.';
  end if;
  perform pg_catalog.set_config('expiry.reason', p_reason, true), pg_catalog.set_config('expiry.actor', p_actor, true),
          pg_catalog.set_config('expiry.rule', '', true), pg_catalog.set_config('expiry.run_id', '', true);
  update expiry.mentors as m
     set status = p_new, paused_until = case
           when p_new = 'active' or p_new = 'paused' and m.paused_until <= v_today then null
           else m.paused_until
         end
   where m.id = p_mentor_id;
  perform pg_catalog.set_config('expiry.reason', v_reason, true), pg_catalog.set_config('expiry.actor', v_actor, true);
  return true;
end;
$$;
comment on function expiry.transition_mentor_status(uuid, expiry.mentor_status, expiry.mentor_status, text, text) is
  'Changes a mentor''s status with reason and actor, if it is still the expected one: false, and nothing written, when it is not, so calling twice is safe. Raises EX003 for a change that the facts do not allow: they would take it back at once.';
