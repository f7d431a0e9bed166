create or replace function expiry.ring_reminder_doorbell()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    if exists (select from after_rows as n where n.status = 'pending' and n.available_at <= pg_catalog.now()) then
      perform pg_catalog.pg_notify('expiry_reminders', '');
    end if;
  elsif exists (
    select from after_rows as n
      join before_rows as b on b.id = n.id
     where n.status = 'pending' and b.status <> 'pending' and n.available_at <= pg_catalog.now()
  ) then
    perform pg_catalog.pg_notify('expiry_reminders', '');
  end if;
  return null;
end;
$$;
comment on function expiry.ring_reminder_doorbell() is
  'NOTIFY expiry_reminders, without data and once a statement, when a reminder became pending and may go out now.';
