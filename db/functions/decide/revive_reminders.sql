create or replace function expiry.revive_reminders(p_mentor_ids uuid[])
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_count integer;
begin
  with held as materialized (
    select l.id, d.urgency, d.escalate
      from expiry.reminder_dispatch_log as l
      join expiry.uncovered_reminders as d
        on d.mentor_id = l.mentor_id
       and d.expiry_date = l.certification_expiry_date
       and d.threshold_day = l.threshold_day
     where l.mentor_id = any (p_mentor_ids)
       and l.kind = 'reminder'
       and l.status = 'superseded'
       and l.status_reason <> 'tighter_reminder'
     order by l.id
       for no key update of l skip locked
  )
  update expiry.reminder_dispatch_log as l
     set status = 'pending', status_reason = null, generation = l.generation + 1, available_at = pg_catalog.now(),
         due_at = (select expiry.now()), first_failed_at = null, last_error = null,
         urgency = held.urgency, escalate = held.escalate
    from held
   where l.id = held.id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function expiry.revive_reminders(uuid[]) is
  'Makes superseded reminders pending again whose very key is due again (a mistaken date corrected back, a pause that ended), and returns how many. Call with the mentors locked.';
