create or replace function expiry.supersede_reminders(p_mentor_ids uuid[])
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  with stale as materialized (
    select s.id, s.reason
      from expiry.stale_reminders as s
     where s.mentor_id = any (p_mentor_ids)
  ), held as materialized (
    -- The reason comes along here: joined again below, tables without statistics make it a loop over every pair.
    select l.id, s.reason
      from stale as s
      join expiry.reminder_dispatch_log as l on l.id = s.id
     where l.status in ('pending', 'queued', 'failed')
     order by l.id
       for no key update of l skip locked
  )
  update expiry.reminder_dispatch_log as l
     set status = 'superseded', status_reason = held.reason, may_have_reached = l.attempts > 0 and exists (
       select from expiry.reminder_delivery_attempts as a
        where a.log_id = l.id and a.outcome in ('accepted', 'uncertain')
     )
    from held
   where l.id = held.id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function expiry.supersede_reminders(uuid[]) is
  'Supersedes the stale reminders of these mentors and returns how many. A row that somebody holds is left: begin checks the facts again. Call with the mentors locked.';
