create or replace function expiry.close_nightly_run(p_run_id bigint)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run expiry.expiry_runs;
begin
  update expiry.expiry_runs as r
     set finished_at = pg_catalog.clock_timestamp(),
         status = case when pg_catalog.jsonb_path_exists(r.phases, '$[*] ? (@.outcome == "failed")') then 'failed' else 'done' end
   where r.id = p_run_id
  returning * into strict v_run;
  if v_run.source = 'pg_cron' then
    perform expiry.resolve_alert('nightly_late');
  end if;
  perform expiry.report_held_expiries(u.id) from pg_catalog.unnest(v_run.organisation_ids) as u (id);
  -- An organisation that a phase could not even try is still owed; one with a stuck mentor has had its night.
  with done as materialized (
    select o.id from expiry.organisations as o
     where o.id = any (v_run.organisation_ids)
       and not pg_catalog.jsonb_path_exists(
         v_run.phases, '$[*].undone[*] ? (@ == $id)', pg_catalog.jsonb_build_object('id', o.id)
       )
       for no key update skip locked
  )
  update expiry.organisations as o
     set processed_on = (v_run.clock at time zone o.zone_in_force)::date
    from done
   where o.id = done.id
     and o.processed_on is distinct from (v_run.clock at time zone o.zone_in_force)::date;
  perform expiry.check_nights();
end;
$$;
comment on function expiry.close_nightly_run(bigint) is
  'Ends a run as done, or as failed when a phase failed, marks the day as processed for the organisations that had their night, and keeps the alerts about nights.';
