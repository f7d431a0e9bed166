create or replace function expiry.check_time_zone()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if expiry.is_time_zone(new.time_zone) then
    return new;
  end if;
  raise exception using
    errcode = 'EX002',
    message = pg_catalog.format('time zone %L does not exist', new.time_zone),
    hint = 'Use a name of the IANA database, such as Europe/Oslo.';
end;
$$;
comment on function expiry.check_time_zone() is
  'Refuses (EX002) an organisation whose time zone does not exist: it would fail everybody''s night.';
