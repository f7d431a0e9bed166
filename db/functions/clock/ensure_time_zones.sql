create or replace function expiry.ensure_time_zones()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_catalog.now() at time zone o.zone_in_force from expiry.organisations as o;
exception when invalid_parameter_value then
  perform expiry.settle_time_zones();
end;
$$;
comment on function expiry.ensure_time_zones() is
  'Settles the time zones where one that is in force fails here, as it would fail the statements about everybody; hardly any work otherwise.';
