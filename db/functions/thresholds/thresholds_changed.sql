create or replace function expiry.thresholds_changed()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform expiry.refresh_effective_thresholds();
  return null;
end;
$$;
comment on function expiry.thresholds_changed() is
  'After a change of thresholds or flags: what counts for each organisation follows in the same transaction.';
