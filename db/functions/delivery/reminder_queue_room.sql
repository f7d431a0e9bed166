create or replace function expiry.reminder_queue_room(p_window integer)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_catalog.pg_advisory_xact_lock(7236003);
  return (
    select greatest(0, p_window - pg_catalog.count(*)::integer)
      from expiry.reminder_dispatch_log as l
     where l.status = 'queued'
  );
end;
$$;
comment on function expiry.reminder_queue_room(integer) is
  'How many more reminders may be queued. Claimers take turns until the end of their transaction, so that the window holds whatever their number.';
