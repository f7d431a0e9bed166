create or replace function expiry.check_time_zones()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_unknown integer := expiry.settle_time_zones();
begin
  perform expiry.keep_alert(
    'time_zone_unknown', 'critical', 'time_zone_unknown', v_unknown > 0,
    pg_catalog.jsonb_build_object('organisations', v_unknown)
  );
end;
$$;
comment on function expiry.check_time_zones() is
  'Keeps the alert about organisations that go by UTC because this server does not know their time zone, and settles which do.';
