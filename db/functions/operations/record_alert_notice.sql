create or replace function expiry.record_alert_notice(
  p_holder uuid, p_destination text, p_alert_id bigint, p_notice text, p_number integer,
  p_is_told boolean, p_code text, p_base numeric, p_cap numeric
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := pg_catalog.clock_timestamp();
begin
  -- Whoever would take the lease over waits for this answer to be on record.
  perform from expiry.alert_lease as l where l.destination = p_destination and l.holder = p_holder for share;
  if not found then
    return false;
  end if;
  update expiry.alert_notices as n
     set begun_at = null,
         notices = case when p_is_told and p_notice <> 'resolved' then p_number else n.notices end,
         told_at = case when p_is_told and p_notice <> 'resolved' then v_now else n.told_at end,
         cleared_at = case when p_is_told and p_notice = 'resolved' then v_now end,
         failures = case when p_is_told then 0 else n.failures + 1 end,
         last_error = case when not p_is_told then p_code end,
         available_at = case when p_is_told then v_now
           else v_now + pg_catalog.make_interval(secs => least(p_cap, p_base * 2 ^ least(n.failures, 20)) * (0.75 + pg_catalog.random() / 2)) end
   where n.alert_id = p_alert_id
     and n.destination = p_destination
     and n.cleared_at is null
     and (p_notice = 'resolved' or n.notices = p_number - 1);
  if not found then
    return false;
  end if;
  if p_is_told then
    -- It works again: what it has not taken until now need not wait any longer.
    update expiry.alert_notices as n
       set available_at = v_now
     where n.destination = p_destination and n.cleared_at is null and n.failures > 0 and n.available_at > v_now;
    if p_destination <> 'log' then
      -- A host's open transaction may hold the row, by a change that an alert counts; alert_notices has the time as well.
      update expiry.operations_alerts as a set notified_at = v_now
       where a.id in (select x.id from expiry.operations_alerts as x where x.id = p_alert_id for no key update skip locked);
    end if;
  end if;
  return true;
end;
$$;
comment on function expiry.record_alert_notice(uuid, text, bigint, text, integer, boolean, text, numeric, numeric) is
  'Records that a notice was told, or that it was not or nobody knows; then it is due again after a pause that doubles from base to cap, in seconds. False, and nothing written, for a holder that has lost the lease, or where another one has told the same.';
