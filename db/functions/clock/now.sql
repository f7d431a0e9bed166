create or replace function expiry.now()
returns timestamptz
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce((select c.at from expiry.clock_override as c), pg_catalog.now());
$$;
comment on function expiry.now() is
  'The clock of the rules: the transaction''s time, or expiry.clock_override while a row stands there. Leases and back-off use the real clock instead.';
