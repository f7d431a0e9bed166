create or replace function expiry.release_alert_leases(p_holder uuid)
returns void
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  delete from expiry.alert_lease as l where l.holder = p_holder;
$$;
comment on function expiry.release_alert_leases(uuid) is 'Gives back what this holder holds, so that the next one need not wait for its end.';
