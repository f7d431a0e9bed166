create or replace function expiry.revive_reminders(p_mentor_ids uuid[], p_source expiry.reminder_source)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  with due_again as materialized (
    select l.id, l.mentor_id, d.urgency, d.escalate,
           case when p_source = 'nightly' then expiry.wait_for_hours(h.opens_in, h.opens_on, d.expiry_date) else interval '0' end
             as opens_in
      from expiry.reminder_dispatch_log as l
      join expiry.uncovered_reminders as d
        on d.mentor_id = l.mentor_id
       and d.expiry_date = l.certification_expiry_date
       and d.threshold_day = l.threshold_day
      join expiry.sending_hours as h on h.organisation_id = d.organisation_id
     where l.mentor_id = any (p_mentor_ids)
       and l.kind = 'reminder'
       and l.status = 'superseded'
  ), held as materialized (
    -- What is needed below comes along: joined again, tables without statistics make it a loop over every pair.
    select l.id, l.mentor_id, d.urgency, d.escalate, d.opens_in
      from due_again as d
      join expiry.reminder_dispatch_log as l on l.id = d.id
     where l.status = 'superseded'
     order by l.id
       for no key update of l skip locked
  ), left_over as (
    insert into expiry.mentor_rechecks (mentor_id, source)
    select d.mentor_id, p_source from due_again as d except select held.mentor_id, p_source from held
  )
  update expiry.reminder_dispatch_log as l
     set status = 'pending', status_reason = null, generation = l.generation + 1,
         in_sending_hours = p_source = 'nightly', available_at = pg_catalog.now() + held.opens_in,
         due_at = (select expiry.now()) + held.opens_in, first_failed_at = null, last_error = null,
         refused_channels = null,
         urgency = held.urgency, escalate = held.escalate
    from held
   where l.id = held.id;
  get diagnostics v_count = row_count;
  if v_count > 0 then
    -- A looser one may have been written, and have failed, while the tighter one was away.
    perform expiry.supersede_reminders(p_mentor_ids);
  end if;
  return v_count;
end;
$$;
comment on function expiry.revive_reminders(uuid[], expiry.reminder_source) is
  'Makes superseded reminders pending again whose very key is due again (a mistaken date corrected back, a pause that ended, a tighter threshold taken away before it reminded anybody), and returns how many. The mentor of a row that somebody holds is noted for a recheck. What the night brings back waits for the organisation''s sending hours. Call with the mentors locked.';
