create or replace function expiry.hold_portal_worker(p_holder uuid, p_seconds numeric, p_verify_seconds double precision)
returns table (gate_code text, gate_until timestamptz)
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  insert into expiry.portal_worker as w (holder, until, verify_seconds)
  values (p_holder, pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => p_seconds), p_verify_seconds)
  on conflict (singleton) do update
     set holder = excluded.holder, until = excluded.until, verify_seconds = excluded.verify_seconds
   where w.holder = p_holder or w.until < pg_catalog.clock_timestamp()
  returning w.gate_code, w.gate_until;
$$;
comment on function expiry.hold_portal_worker(uuid, numeric, double precision) is
  'Makes this process, for so many seconds, the one that speaks with the portal, or lets it stay so; a row with the gate as it was left, or none while another one is. p_verify_seconds: portal_verify_after from now on.';
