create or replace function expiry.release_portal_worker(p_holder uuid)
returns void
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  update expiry.portal_worker as w set until = pg_catalog.clock_timestamp() where w.holder = p_holder;
$$;
comment on function expiry.release_portal_worker(uuid) is 'This process speaks with the portal no more; another one may at once.';
