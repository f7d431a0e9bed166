create or replace function expiry.portal_queue_room(p_window integer)
returns integer
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  select p_window - pg_catalog.count(*)::integer from expiry.portal_sync as p where p.status = 'queued';
$$;
comment on function expiry.portal_queue_room(integer) is 'How many states of mentors may be queued beside those that are.';
