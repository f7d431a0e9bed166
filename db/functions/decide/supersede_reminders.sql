create or replace function expiry.supersede_reminders(p_mentor_ids uuid[])
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_count integer;
begin
  with stale as materialized (
    select s.id, s.reason
      from expiry.stale_reminders as s
     where s.mentor_id = any (p_mentor_ids)
  ), held as materialized (
    select l.id from expiry.reminder_dispatch_log as l
     where l.id in (select s.id from stale as s)
       and l.status in ('pending', 'queued', 'failed')
     order by l.id
       for no key update skip locked
  )
  update expiry.reminder_dispatch_log as l
     set status = 'superseded', status_reason = s.reason
    from held
    join stale as s on s.id = held.id
   where l.id = held.id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function expiry.supersede_reminders(uuid[]) is
  'Supersedes the stale reminders of these mentors and returns how many. A row that somebody holds is left: begin checks the facts again. Call with the mentors locked.';
