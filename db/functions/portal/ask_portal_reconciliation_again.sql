create or replace function expiry.ask_portal_reconciliation_again(p_reconciliation_id bigint)
returns void
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  insert into expiry.portal_reconciliations (requested_by, is_initial, requested_at, begins_at)
  select r.requested_by, r.is_initial, r.requested_at, pg_catalog.clock_timestamp() + interval '5 minutes'
    from expiry.portal_reconciliations as r
   where r.id = p_reconciliation_id
     and not exists (
       select from expiry.portal_reconciliations as q where q.status = 'requested' and q.is_initial >= r.is_initial
     );
$$;
comment on function expiry.ask_portal_reconciliation_again(bigint) is
  'A comparison that was broken off is made again after five minutes, as long as nobody has asked for another.';
