create or replace function expiry.close_portal_break_glass(
  p_id bigint, p_outcome text, p_code text, p_compared integer, p_different integer, p_pushed integer, p_failed integer
)
returns boolean
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  with closed as (
    update expiry.portal_break_glass as b
       set outcome = p_outcome, code = p_code, finished_at = pg_catalog.clock_timestamp(),
           compared = p_compared, different = p_different, pushed = p_pushed, failed = p_failed
     where b.id = p_id and b.finished_at is null
    returning true
  )
  select exists (select from closed);
$$;
comment on function expiry.close_portal_break_glass(bigint, text, text, integer, integer, integer, integer) is
  'Writes down, once, how a use of break-glass-sync has ended: done, interrupted, or failed with a code; and how many mentors were compared, differed, were pushed and were not.';
