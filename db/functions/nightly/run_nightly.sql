create or replace function expiry.run_nightly(p_source text default 'manual')
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run_id bigint;
  v_phase text;
begin
  perform pg_catalog.pg_advisory_xact_lock(7236002);
  perform expiry.ensure_time_zones();
  v_run_id := expiry.open_nightly_run(p_source, true);
  foreach v_phase in array expiry.nightly_phases() loop
    if not expiry.run_nightly_phase(v_run_id, v_phase) then
      raise query_canceled using message = pg_catalog.format('run %s was cancelled in phase %s', v_run_id, v_phase);
    end if;
  end loop;
  perform expiry.close_nightly_run(v_run_id);
  return v_run_id;
end;
$$;
comment on function expiry.run_nightly(text) is
  'The certification expiry checker for all organisations in one transaction, whether or not their day was processed, for people and tests. Waits for a run that is under way; returns its own run''s id.';
