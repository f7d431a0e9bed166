create or replace function expiry.resume_elapsed_pauses(p_run_id bigint default null)
returns integer
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  select expiry.apply_status_phase('resume_pauses', p_run_id);
$$;
comment on function expiry.resume_elapsed_pauses(bigint) is
  'Ends the pauses whose first day back has come, for the organisations of a run or for all, and returns how many. Twice is the same as once; mentors held by others are left to the next sweep.';
