create or replace function expiry.clock_at(p_real_time timestamptz)
returns timestamptz
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  -- In seconds: days between two times would be those of the session's time zone.
  select expiry.now() + pg_catalog.make_interval(secs => extract(epoch from p_real_time - pg_catalog.now())::double precision);
$$;
comment on function expiry.clock_at(timestamptz) is
  'What the clock of the rules shows at a real time, such as the end of a back-off: as far from its present time as that is from now.';
