create or replace function expiry.portal_queue_room(p_window integer)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_catalog.pg_advisory_xact_lock(7236005);
  return (
    select greatest(0, p_window - pg_catalog.count(*)::integer) from expiry.portal_sync as p where p.status = 'queued'
  );
end;
$$;
comment on function expiry.portal_queue_room(integer) is
  'How many more mentors may be queued for the portal. Claimers take turns until the end of their transaction, as in reminder_queue_room.';
