create or replace function expiry.close_portal_reconciliation(p_reconciliation_id bigint, p_share double precision, p_error text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run expiry.portal_reconciliations;
  v_is_known boolean;
  v_is_held boolean;
begin
  select r.* into v_run from expiry.portal_reconciliations as r where r.id = p_reconciliation_id and r.status = 'running' for no key update;
  if not found then
    return null;
  end if;
  if p_error is not null then
    update expiry.portal_reconciliations as r
       set status = 'failed', error = p_error, finished_at = pg_catalog.clock_timestamp()
     where r.id = p_reconciliation_id;
    perform expiry.ask_portal_reconciliation_again(p_reconciliation_id);
    return 'failed';
  end if;

  perform expiry.record_portal_differences(p_reconciliation_id, 0, '{}', coalesce((
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
             'portalKey', d.portal_key, 'kind', 'missing', 'mentorId', p.mentor_id, 'fields', '[]'::jsonb,
             'isExposed', false, 'claimsSync', p.status = 'synced'))
      from expiry.portal_sync as p
      join expiry.portal_desires as d on d.mentor_id = p.mentor_id
     where d.portal_key is not null
       and p.met_in is distinct from p_reconciliation_id
       and (p.status = 'parked' or p.status = 'synced' and p.desired = d.desired and p.synced_at < v_run.started_at)
  ), '[]'));
  delete from expiry.portal_differences as d where d.found_in <> p_reconciliation_id;

  update expiry.portal_reconciliations as r
     set compared = (select pg_catalog.count(*) from expiry.portal_sync as p where p.status = 'synced' and p.desired ->> 'key' is not null),
         different = found.different, missing = found.missing, extra = found.extra
    from (
      select pg_catalog.count(*) filter (where d.kind = 'different' and d.claims_sync) as different,
             pg_catalog.count(*) filter (where d.kind = 'missing' and d.claims_sync) as missing,
             pg_catalog.count(*) filter (where d.kind = 'extra') as extra
        from expiry.portal_differences as d
    ) as found
   where r.id = p_reconciliation_id
  returning r.* into v_run;
  v_is_known := exists (select from expiry.portal_environments as e where e.id = v_run.environment);
  v_is_held := not v_run.is_initial
    and (v_run.different + v_run.missing > greatest(10, p_share * v_run.compared) or not v_is_known);

  with to_push as materialized (
    select p.mentor_id, d.is_exposed
      from expiry.portal_differences as d
      join expiry.portal_sync as p on p.mentor_id = d.mentor_id
     where d.kind <> 'extra' and p.status = 'synced' and (d.is_exposed or not v_is_held)
     order by p.mentor_id
       for no key update of p skip locked
  ), pushed as (
    update expiry.portal_sync as p
       set status = 'pending', desired_version = p.desired_version + 1, acknowledged = null, failures = 0,
           priority = case when t.is_exposed then 2 else 4 end, available_at = pg_catalog.clock_timestamp()
      from to_push as t
     where p.mentor_id = t.mentor_id
    returning p.mentor_id
  )
  update expiry.portal_reconciliations as r
     set pushed = (select pg_catalog.count(*) from pushed),
         status = case when v_is_held then 'held' else 'done' end,
         error = case when v_is_held and not v_is_known then 'environment_unknown' when v_is_held then 'too_many_differences' end,
         finished_at = pg_catalog.clock_timestamp()
   where r.id = p_reconciliation_id
  returning r.* into v_run;
  if v_run.pushed > 0 then
    perform pg_catalog.pg_notify('expiry_portal_syncs', '');
  end if;
  perform expiry.keep_alert('portal_differences_held', 'critical', 'portal_differences_held',
    v_is_held and v_run.different + v_run.missing > 0, pg_catalog.jsonb_build_object(
    'code', v_run.error, 'count', v_run.different + v_run.missing, 'compared', v_run.compared));
  perform expiry.keep_alert('portal_contacts_unknown', 'warning', 'portal_contacts_unknown',
    exists (select from expiry.portal_differences as d where d.kind = 'extra' and d.is_exposed),
    pg_catalog.jsonb_build_object('count', (
      select pg_catalog.count(*) from expiry.portal_differences as d where d.kind = 'extra' and d.is_exposed)));
  return v_run.status;
end;
$$;
comment on function expiry.close_portal_reconciliation(bigint, double precision, text) is
  'Ends a comparison: whose contact was not met is missing, and every difference of somebody who claimed to be in sync is pushed. Where more than 10, and more than p_share, of those differ, or nobody has adopted this environment, they are held and an alert says so; whoever is shown and must not be is hidden all the same. With p_error it has failed, nothing is concluded, and it is tried again.';
