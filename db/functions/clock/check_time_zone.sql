create or replace function expiry.check_time_zone()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'UPDATE' and new.time_zone = old.time_zone then
    return new;
  end if;
  if not expiry.is_time_zone(new.time_zone) then
    raise exception using
      errcode = 'EX002',
      message = pg_catalog.format('time zone %L does not exist', new.time_zone),
      hint = 'Use a name of the IANA database, such as Europe/Oslo.';
  end if;
  new.zone_in_force := new.time_zone;
  return new;
end;
$$;
comment on function expiry.check_time_zone() is
  'Refuses (EX002) an organisation whose time zone does not exist, and puts one that does in force. One that stays as it is passes: a host that writes its organisations anew must not be stopped by what its server has forgotten.';
