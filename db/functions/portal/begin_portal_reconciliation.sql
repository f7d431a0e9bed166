create or replace function expiry.begin_portal_reconciliation(p_holder uuid, p_environment uuid)
returns table (id bigint)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_id bigint;
begin
  if not exists (select from expiry.portal_worker as w where w.holder = p_holder and w.until > pg_catalog.clock_timestamp()) then
    return;
  end if;
  -- One speaks with the portal at a time: what another one had begun has ended with it.
  with crashed as (
    update expiry.portal_reconciliations as r
       set status = 'failed', error = 'crashed', finished_at = pg_catalog.clock_timestamp()
     where r.status = 'running'
    returning r.id
  )
  select pg_catalog.max(c.id) into v_id from crashed as c;
  perform expiry.ask_portal_reconciliation_again(v_id);
  v_id := null;
  update expiry.portal_reconciliations as r
     set status = 'running', environment = p_environment, started_at = pg_catalog.clock_timestamp()
   where r.id = (select q.id from expiry.portal_reconciliations as q where q.status = 'requested' and q.begins_at <= pg_catalog.clock_timestamp() order by q.id limit 1)
  returning r.id into v_id;
  if v_id is null then
    return;
  end if;
  insert into expiry.portal_environments (id, adopted_by)
  select p_environment, r.requested_by from expiry.portal_reconciliations as r where r.id = v_id and r.is_initial
  on conflict (id) do nothing;
  return query select v_id;
end;
$$;
comment on function expiry.begin_portal_reconciliation(uuid, uuid) is
  'Takes up the next comparison that was asked for, if there is one, in the environment that the portal says it is. An initial one adopts the environment.';
