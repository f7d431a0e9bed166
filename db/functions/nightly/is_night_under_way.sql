create or replace function expiry.is_night_under_way()
returns boolean
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from pg_catalog.pg_locks as l
     where l.locktype = 'advisory'
       and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
       and l.classid = 0 and l.objid = 7236002 and l.objsubid = 1
       and l.granted
  );
$$;
comment on function expiry.is_night_under_way() is 'Whether anybody holds the night''s lock.';
