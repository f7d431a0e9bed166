create or replace function expiry.run_nightly_phase(p_run_id bigint, p_phase text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'
-- Few among many, by key: no plan may scan a log that was empty when it was made and grows under it, and compiling one
-- costs more than it saves.
set enable_seqscan = off
set random_page_cost = 1.1
set jit = off
as $$
declare
  v_started timestamptz := pg_catalog.clock_timestamp();
  v_organisation_ids uuid[];
  v_organisation_id uuid;
  v_mentor_ids uuid[];
  v_part jsonb;
  v_count integer := 0;
  v_stuck jsonb := jsonb '[]';
  v_undone jsonb := jsonb '[]';
  v_code text;
  v_until timestamptz;
begin
  select r.organisation_ids into strict v_organisation_ids from expiry.expiry_runs as r where r.id = p_run_id;
  begin
    case p_phase
      when 'refresh_thresholds' then v_count := expiry.refresh_effective_thresholds();
      when 'rescue' then v_count := expiry.rescue_stuck_reminders();
      when 'recheck' then v_count := expiry.settle_rechecks(100000);
      when 'reconcile' then v_count := expiry.ask_portal_reconciliation('night', false);
      else
        v_mentor_ids := expiry.nightly_phase_mentors(p_phase, v_organisation_ids);
        if pg_catalog.cardinality(v_mentor_ids) > 0 then
          v_count := expiry.apply_nightly_phase(p_run_id, p_phase, v_mentor_ids);
        end if;
    end case;
  exception when others then
    get stacked diagnostics v_code = returned_sqlstate;
    v_count := 0;
    -- The long wait has been had; with one for each half a single locked row would cost the night an hour.
    perform pg_catalog.set_config('lock_timeout', '100ms', true);
    v_until := pg_catalog.clock_timestamp() + interval '60 seconds';
    foreach v_organisation_id in array v_organisation_ids loop
      begin
        v_mentor_ids := expiry.nightly_phase_mentors(p_phase, array[v_organisation_id]);
        if pg_catalog.cardinality(v_mentor_ids) > 0 then
          v_part := expiry.apply_in_halves(p_run_id, p_phase, v_mentor_ids, v_until);
          v_count := v_count + (v_part -> 'count')::integer;
          v_stuck := v_stuck || (v_part -> 'stuck');
          if (v_part -> 'untried')::integer > 0 then
            v_undone := v_undone || pg_catalog.to_jsonb(v_organisation_id);
          end if;
        end if;
      exception when others then
        get stacked diagnostics v_code = returned_sqlstate;
        v_undone := v_undone || pg_catalog.to_jsonb(v_organisation_id);
      end;
    end loop;
  end;
  update expiry.expiry_runs as r
     set phases = r.phases || pg_catalog.jsonb_build_array(pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
           'phase', p_phase,
           'outcome', case when v_code is null then 'done' else 'failed' end,
           'count', v_count,
           'code', v_code,
           'stuck', nullif(v_stuck, '[]'),
           'undone', nullif(v_undone, '[]'),
           'ms', pg_catalog.round(extract(epoch from pg_catalog.clock_timestamp() - v_started) * 1000)
         )))
   where r.id = p_run_id;
  return true;
exception when query_canceled then
  return false; -- so that the caller can give the night's lock back, which a session keeps beyond an error
end;
$$;
comment on function expiry.run_nightly_phase(bigint, text) is
  'Does one phase of a run and records its outcome in the run. A phase that fails is repeated for each organisation, then by halves: what stays stuck is named (stuck: mentors; undone: organisations that could not be tried) and stops nobody else. False, and nothing done, when the statement is cancelled in the middle of it.';
