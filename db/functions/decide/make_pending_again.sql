create or replace function expiry.make_pending_again(
  p_ids bigint[],
  p_from expiry.reminder_status,
  p_waits interval[],
  p_source expiry.reminder_source
)
returns bigint[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids bigint[];
begin
  if p_ids is null then
    return '{}';
  end if;
  with asked as materialized (
    select l.id, l.mentor_id, u.wait
      from unnest(p_ids, p_waits) as u (id, wait)
      join expiry.reminder_dispatch_log as l on l.id = u.id
  ), held as materialized (
    -- What is needed below comes along: joined again, tables without statistics make it a loop over every pair.
    select l.id, l.mentor_id, a.wait
      from asked as a
      join expiry.reminder_dispatch_log as l on l.id = a.id
     where l.status = p_from
     order by l.id
       for no key update of l skip locked
  ), left_over as (
    insert into expiry.mentor_rechecks (mentor_id, source)
    select a.mentor_id, p_source from asked as a except select held.mentor_id, p_source from held
  ), again as (
    update expiry.reminder_dispatch_log as l
       set status = 'pending', status_reason = null, generation = l.generation + 1, first_failed_at = null,
           refused_channels = null, in_sending_hours = p_source = 'nightly', available_at = pg_catalog.now() + held.wait,
           -- What has failed is late since it was due; what was superseded is due anew.
           due_at = case p_from when 'failed' then l.due_at else (select expiry.now()) + held.wait end,
           last_error = case p_from when 'failed' then l.last_error end
      from held
     where l.id = held.id
    returning l.id
  )
  select coalesce(pg_catalog.array_agg(again.id), '{}') into v_ids from again;
  return v_ids;
end;
$$;
comment on function expiry.make_pending_again(bigint[], expiry.reminder_status, interval[], expiry.reminder_source) is
  'Makes these rows pending again that are superseded or failed (p_from), each after its wait, and returns their ids. The mentor of a row that somebody holds is noted for a recheck. Call with the mentors locked.';
