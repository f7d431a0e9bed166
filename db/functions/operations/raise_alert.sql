create or replace function expiry.raise_alert(p_kind text, p_severity text, p_dedupe_key text, p_details jsonb)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into expiry.operations_alerts (kind, severity, dedupe_key, details)
  values (p_kind, p_severity, p_dedupe_key, p_details)
  on conflict (dedupe_key, resolved_at) do nothing;
  return found;
end;
$$;
comment on function expiry.raise_alert(text, text, text, jsonb) is
  'Opens an alert unless one of the same key is open, and says whether it did. Details carry codes, counts and ids only.';
