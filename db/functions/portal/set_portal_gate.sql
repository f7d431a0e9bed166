create or replace function expiry.set_portal_gate(p_holder uuid, p_code text, p_seconds numeric)
returns boolean
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  with set as (
    update expiry.portal_worker as w
       set gate_code = p_code,
           gate_until = case when p_code is not null then greatest(
             w.gate_until, pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => p_seconds)) end
     where w.holder = p_holder
    returning true
  )
  select exists (select from set);
$$;
comment on function expiry.set_portal_gate(uuid, text, numeric) is
  'Writes down that nothing may be sent, why, and for how many seconds the portal must not be asked at all, so that whoever speaks with it next knows; what was asked for before, or null seconds, shortens nothing. With nulls: that the way is open. False where another process speaks with it.';
