create or replace function expiry.enqueue_due_reminders(p_threshold_day integer, p_run_id bigint default null)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- as in run_nightly_phase
set jit = off
as $$
declare
  v_source expiry.reminder_source := case when p_run_id is null then 'manual' else 'nightly' end;
  v_organisation_ids uuid[];
  v_candidates uuid[];
begin
  select r.organisation_ids into v_organisation_ids from expiry.expiry_runs as r where r.id = p_run_id;
  v_candidates := expiry.mentors_to_remind(p_threshold_day, v_organisation_ids);
  return expiry.insert_due_reminders(expiry.lock_mentors(v_candidates, v_source), v_source, p_run_id, p_threshold_day);
end;
$$;
comment on function expiry.enqueue_due_reminders(integer, bigint) is
  'Writes what is due now under one threshold, for the organisations of a run or for all, and returns how many rows were written. Twice is the same as once.';
