create or replace function expiry.report_held_expiries(p_organisation_id uuid)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_key text := 'expiries_held:' || p_organisation_id;
  v_held integer;
begin
  -- The alert's row would be waited for, by a host that holds others: who comes second leaves it to the night.
  if not pg_catalog.pg_try_advisory_xact_lock(7236004, pg_catalog.hashtext(p_organisation_id::text)) then
    return;
  end if;
  select pg_catalog.count(*) into v_held
    from expiry.backdated_expiries as b
   where b.organisation_id = p_organisation_id and b.verdict = 'held';
  if v_held = 0 then
    perform expiry.resolve_alert(v_key);
  elsif not expiry.raise_alert(
    'expiries_held', 'critical', v_key, pg_catalog.jsonb_build_object('organisation', p_organisation_id, 'count', v_held)
  ) then
    update expiry.operations_alerts as a
       set details = a.details || pg_catalog.jsonb_build_object('count', v_held)
     where a.dedupe_key = v_key and a.resolved_at is null;
  end if;
end;
$$;
comment on function expiry.report_held_expiries(uuid) is
  'One alert while expiries of this organisation are held and nobody has decided, with how many; resolved when none is. Nothing while another transaction decides about this organisation: each night looks again.';
