create or replace function expiry.settle_time_zones()
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_zone text;
  v_unknown text[] := '{}';
begin
  for v_zone in select distinct o.time_zone from expiry.organisations as o loop
    if not expiry.is_time_zone(v_zone) then
      v_unknown := v_unknown || v_zone;
    end if;
  end loop;
  update expiry.organisations as o
     set zone_in_force = settled.zone
    from (
      select s.id, case when s.time_zone = any (v_unknown) then 'UTC' else s.time_zone end as zone
        from expiry.organisations as s
    ) as settled
   where settled.id = o.id
     and o.zone_in_force <> settled.zone;
  return (select pg_catalog.count(*) from expiry.organisations as o where o.time_zone = any (v_unknown));
end;
$$;
comment on function expiry.settle_time_zones() is
  'Puts UTC in force for each organisation whose time zone this server does not know (any more: names go with an update of tzdata, or a move to another machine), and its own again once it is known. Returns how many live in an unknown one. Before it, one such name fails the statements of everybody.';
