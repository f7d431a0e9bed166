create or replace function expiry.apply_status_phase(p_phase text, p_run_id bigint)
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
  v_organisation_ids uuid[] := coalesce(
    (select r.organisation_ids from expiry.expiry_runs as r where r.id = p_run_id),
    array(select o.id from expiry.organisations as o)
  );
  v_locked uuid[] := expiry.lock_mentors(expiry.nightly_phase_mentors(p_phase, v_organisation_ids), v_source);
  v_count integer := expiry.settle_statuses(v_locked, v_source, p_run_id);
begin
  if p_run_id is null then
    perform expiry.settle_mentors(v_locked, v_source);
  end if;
  return v_count;
end;
$$;
comment on function expiry.apply_status_phase(text, bigint) is
  'One of the night''s phases about statuses for the organisations of a run, whose later phases see to the reminders, or for all, reminders included. Returns how many statuses changed.';
