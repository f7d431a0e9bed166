create or replace function expiry.ring_reminder_doorbell()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    if not exists (select from after_rows as n where n.status = 'pending' and n.available_at <= pg_catalog.now()) then
      return null;
    end if;
  elsif tg_level = 'STATEMENT' then
    return null; -- a trigger that migrate has yet to replace: ringing for statements without a row would wake whoever made them
  end if;
  perform pg_catalog.pg_notify('expiry_reminders', '');
  return null;
end;
$$;
comment on function expiry.ring_reminder_doorbell() is
  'NOTIFY expiry_reminders, without data, when a reminder became pending and may go out now: once a transaction, for PostgreSQL sends what is alike once.';
