create or replace function expiry.ask_portal_reconciliation(p_actor text, p_is_initial boolean)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  if pg_catalog.btrim(coalesce(p_actor, '')) = '' then
    raise exception using errcode = '22004', message = 'who asks for a comparison must be named';
  end if;
  if not exists (select from expiry.portal_sync) and not exists (select from expiry.portal_rechecks) then
    return 0;
  end if;
  v_count := expiry.release_parked_portal_syncs(null);
  -- One that waits to be made again begins now.
  update expiry.portal_reconciliations as r set begins_at = pg_catalog.clock_timestamp()
   where r.status = 'requested' and r.is_initial >= p_is_initial;
  if not found then
    insert into expiry.portal_reconciliations (requested_by, is_initial) values (p_actor, p_is_initial);
  end if;
  delete from expiry.portal_sync_attempts as a where a.finished_at < pg_catalog.clock_timestamp() - interval '1 year';
  return v_count;
end;
$$;
comment on function expiry.ask_portal_reconciliation(text, boolean) is
  'Has all contacts compared with what they must show, by whoever speaks with the portal, and the parked mentors tried again, of whom it returns the number. Attempts that are older than a year are forgotten. Initial: a person says that this environment of the portal is the right one.';
