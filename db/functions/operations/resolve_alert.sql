create or replace function expiry.resolve_alert(p_dedupe_key text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  update expiry.operations_alerts as a
     set resolved_at = pg_catalog.clock_timestamp()
   where a.dedupe_key = p_dedupe_key and a.resolved_at is null;
  return found;
end;
$$;
comment on function expiry.resolve_alert(text) is 'Closes the open alert of this key, and says whether there was one.';
