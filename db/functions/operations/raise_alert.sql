create or replace function expiry.raise_alert(p_kind text, p_severity text, p_dedupe_key text, p_details jsonb)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_reporter text := nullif(pg_catalog.current_setting('expiry.reporter', true), '');
  v_reporters jsonb := case when v_reporter is not null
    then pg_catalog.jsonb_build_object('reporters', pg_catalog.jsonb_build_object(v_reporter, pg_catalog.clock_timestamp()))
    else '{}' end;
  v_is_new boolean;
begin
  insert into expiry.operations_alerts as a (kind, severity, dedupe_key, details)
  values (p_kind, p_severity, p_dedupe_key, p_details || v_reporters)
  on conflict (dedupe_key, resolved_at) do update
     set details = a.details || pg_catalog.jsonb_build_object(
           'reporters', coalesce(a.details -> 'reporters', '{}') || (v_reporters -> 'reporters'))
   where v_reporter is not null
  returning a.xmax = 0 into v_is_new; -- a row that was there already was locked to be updated
  return coalesce(v_is_new, false);
end;
$$;
comment on function expiry.raise_alert(text, text, text, jsonb) is
  'Opens an alert unless one of the same key is open, and says whether it did. Details carry codes, counts and ids only. Where several processes may report the same trouble each names itself in the transaction-local setting expiry.reporter, and raises it again at least every five minutes while the trouble lasts.';
