create or replace function expiry.expire_lapsed_mentors(p_run_id bigint default null)
returns integer
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  select expiry.apply_status_phase('expire_lapsed', p_run_id);
$$;
comment on function expiry.expire_lapsed_mentors(bigint) is
  'Takes mentors out of service whose certification has expired, for the organisations of a run or for all, and returns how many. Twice is the same as once; mentors held by others are left to the next sweep.';
