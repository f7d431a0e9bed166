create or replace function expiry.settle_time_zones()
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  -- By the files: a session that has used a zone once goes on knowing it, and the next one fails.
  v_unknown text[] := array(
    select distinct o.time_zone
      from expiry.organisations as o
     where pg_catalog.lower(o.time_zone) not in (select pg_catalog.lower(z.name) from pg_catalog.pg_timezone_names as z)
  );
begin
  update expiry.organisations as o
     set zone_in_force = case when o.time_zone = any (v_unknown) then 'UTC' else o.time_zone end
   where o.zone_in_force <> case when o.time_zone = any (v_unknown) then 'UTC' else o.time_zone end;
  return (select pg_catalog.count(*) from expiry.organisations as o where o.time_zone = any (v_unknown));
end;
$$;
comment on function expiry.settle_time_zones() is
  'Puts UTC in force for each organisation whose time zone this server does not know (any more: names go with an update of tzdata, or a move to another machine), and its own again once it is known. Returns how many live in an unknown one. Reads all the server''s zones, which takes some 30 ms.';
