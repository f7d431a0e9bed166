create or replace function expiry.portal_verify_after()
returns interval
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select pg_catalog.make_interval(secs => coalesce((select w.verify_seconds from expiry.portal_worker as w), 150));
$$;
comment on function expiry.portal_verify_after() is
  'How long after a request of unknown outcome it may still be carried out: only a read after that proves what the portal shows.';
