create or replace function expiry.warn_of_portal_secret(p_days_left integer)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_kind text := 'portal_secret_expires';
  v_step integer := (select pg_catalog.min(s) from pg_catalog.unnest(array[1, 7, 14, 30, 60]) as s where p_days_left <= s);
  v_severity text := case when v_step > 7 then 'warning' else 'critical' end;
  v_details jsonb := pg_catalog.jsonb_build_object('count', p_days_left, 'step', v_step);
  v_before jsonb;
  v_id bigint;
begin
  if v_step is null then
    perform expiry.resolve_alert(v_kind);
    return;
  end if;
  if expiry.raise_alert(v_kind, v_severity, v_kind, v_details) then
    return;
  end if;
  select a.id, a.details into v_id, v_before
    from expiry.operations_alerts as a
   where a.dedupe_key = v_kind and a.resolved_at is null
     for no key update;
  if not v_before @> v_details then
    update expiry.operations_alerts as a set details = a.details || v_details, severity = v_severity where a.id = v_id;
  end if;
  if v_before -> 'step' <> v_details -> 'step' then
    update expiry.alert_notices as n set told_at = '-infinity' where n.alert_id = v_id;
  end if;
end;
$$;
comment on function expiry.warn_of_portal_secret(integer) is
  'Keeps the alert about the end of the portal''s credential, by the days that are left: told 60, 30, 14, 7 and 1 days ahead, and over when the end is further away.';
