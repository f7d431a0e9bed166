create or replace function expiry.is_time_zone(p_name text)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_catalog.now() at time zone p_name;
  -- PostgreSQL takes abbreviations, and an unknown name with a digit in it for a POSIX rule; only those are worth the
  -- slow list.
  return p_name ~ '^[A-Za-z_/-]+$'
         and not exists (select from pg_catalog.pg_timezone_abbrevs where abbrev = pg_catalog.upper(p_name))
      or exists (select from pg_catalog.pg_timezone_names where name = p_name);
exception when invalid_parameter_value then
  return false;
end;
$$;
comment on function expiry.is_time_zone(text) is 'Whether this server knows a time zone of this name, abbreviations and rules apart.';
