create or replace function expiry.check_time_zone()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  begin
    perform pg_catalog.now() at time zone new.time_zone;
    -- PostgreSQL takes abbreviations, and an unknown name with a digit in it for a POSIX rule; only those are worth the
    -- slow list.
    if new.time_zone ~ '^[A-Za-z_/-]+$'
         and not exists (select from pg_catalog.pg_timezone_abbrevs where abbrev = pg_catalog.upper(new.time_zone))
       or exists (select from pg_catalog.pg_timezone_names where name = new.time_zone) then
      return new;
    end if;
  exception when invalid_parameter_value then
    null;
  end;
  raise exception using
    errcode = 'EX002',
    message = pg_catalog.format('time zone %L does not exist', new.time_zone),
    hint = 'Use a name of the IANA database, such as Europe/Oslo.';
end;
$$;
comment on function expiry.check_time_zone() is
  'Refuses (EX002) an organisation whose time zone does not exist: it would fail everybody''s night.';
