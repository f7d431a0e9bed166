create or replace function expiry.organisations_founded()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform expiry.refresh_effective_thresholds(array(select n.id from founded as n));
  return null;
end;
$$;
comment on function expiry.organisations_founded() is 'Gives new organisations the thresholds that they begin with.';
