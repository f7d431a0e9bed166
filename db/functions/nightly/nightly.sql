create or replace procedure expiry.nightly(p_source text)
language plpgsql
as $$
declare
  v_run_id bigint;
  v_phase text;
begin
  perform expiry.ensure_time_zones();
  perform expiry.note_nightly_call(p_source);
  if not exists (select from expiry.nightly_owed()) then
    return;
  end if;
  commit; -- inside a transaction this raises, before the lock is held, which a rollback would not give back
  -- An earlier call of this session that was broken off may have left the lock behind.
  while expiry.holds_nightly_lock() loop
    perform pg_catalog.pg_advisory_unlock(7236002);
  end loop;
  if not pg_catalog.pg_try_advisory_lock(7236002) then
    raise notice 'run % is under way', (select pg_catalog.max(r.id) from expiry.expiry_runs as r where r.status = 'running');
    return;
  end if;
  v_run_id := expiry.open_nightly_run(p_source, false);
  commit;
  if v_run_id is not null then
    foreach v_phase in array expiry.nightly_phases() loop
      if not expiry.run_nightly_phase(v_run_id, v_phase) then
        perform pg_catalog.pg_advisory_unlock(7236002);
        raise query_canceled using message = pg_catalog.format('run %s was cancelled in phase %s', v_run_id, v_phase);
      end if;
      commit;
    end loop;
    perform expiry.close_nightly_run(v_run_id);
    commit;
  end if;
  perform pg_catalog.pg_advisory_unlock(7236002);
end;
$$;
comment on procedure expiry.nightly(text) is
  'What a schedule calls: the certification expiry checker, for each organisation whose local day is not yet processed. Commits the run''s row first and each phase after it. Without an organisation owed it notes that it was called, and no more; while another run is under way it returns; cancelled, it gives its lock back.';
