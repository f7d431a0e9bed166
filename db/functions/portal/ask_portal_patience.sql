create or replace function expiry.ask_portal_patience(p_seconds numeric)
returns void
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  insert into expiry.portal_worker as w (holder, until, gate_code, gate_until)
  values (pg_catalog.gen_random_uuid(), pg_catalog.clock_timestamp(), 'throttled',
          pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => p_seconds))
  on conflict (singleton) do update
     set gate_code = coalesce(w.gate_code, excluded.gate_code), gate_until = greatest(w.gate_until, excluded.gate_until);
$$;
comment on function expiry.ask_portal_patience(numeric) is
  'Writes down, for whoever speaks with the portal beside or next, that it asks for so many seconds of patience: the way of somebody who does not hold it.';
