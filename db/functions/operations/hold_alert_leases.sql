create or replace function expiry.hold_alert_leases(p_holder uuid, p_destinations text[], p_seconds numeric)
returns text[]
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  with held as (
    insert into expiry.alert_lease as l (destination, holder, until)
    select d.name, p_holder, pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => p_seconds)
      from unnest(p_destinations) as d (name)
     order by d.name -- always in one order, so that two who ask do not wait for each other
    on conflict (destination) do update
       set holder = excluded.holder, until = excluded.until
     where l.holder = excluded.holder or l.until <= pg_catalog.clock_timestamp()
    returning l.destination
  )
  select coalesce(pg_catalog.array_agg(h.destination order by h.destination), '{}') from held as h;
$$;
comment on function expiry.hold_alert_leases(uuid, text[], numeric) is
  'Takes the alert lease of these destinations, or renews it, for so many seconds, and returns those that the holder has now. A lease that another one holds is left to it until its time is over.';
