create or replace function expiry.keep_alert(
  p_kind text, p_severity text, p_dedupe_key text, p_is_wrong boolean, p_details jsonb
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if not p_is_wrong then
    perform expiry.resolve_alert(p_dedupe_key);
  elsif not expiry.raise_alert(p_kind, p_severity, p_dedupe_key, p_details) then
    update expiry.operations_alerts as a
       set details = a.details || p_details
     where a.dedupe_key = p_dedupe_key and a.resolved_at is null and not a.details @> p_details;
  end if;
end;
$$;
comment on function expiry.keep_alert(text, text, text, boolean, jsonb) is
  'An alert as a level: open while this is wrong, with what is so now as its details, and resolved when it is not.';
