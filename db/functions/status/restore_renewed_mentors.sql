create or replace function expiry.restore_renewed_mentors(p_run_id bigint default null)
returns integer
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  select expiry.apply_status_phase('restore_renewed', p_run_id);
$$;
comment on function expiry.restore_renewed_mentors(bigint) is
  'Brings mentors back into service whose certification is valid again, for the organisations of a run or for all, and returns how many. Twice is the same as once; mentors held by others are left to the next sweep.';
