create or replace function expiry.revive_reminders(p_mentor_ids uuid[], p_source expiry.reminder_source)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids bigint[];
  v_waits interval[];
  v_urgencies expiry.reminder_urgency[];
  v_escalates boolean[];
  v_revived bigint[];
begin
  select pg_catalog.array_agg(l.id), pg_catalog.array_agg(d.urgency), pg_catalog.array_agg(d.escalate),
         pg_catalog.array_agg(
           case when p_source = 'nightly' then expiry.wait_for_hours(h.opens_in, h.opens_on, d.expiry_date) else interval '0' end
         )
    into v_ids, v_urgencies, v_escalates, v_waits
    from expiry.reminder_dispatch_log as l
    join expiry.uncovered_reminders as d
      on d.mentor_id = l.mentor_id
     and d.expiry_date = l.certification_expiry_date
     and d.threshold_day = l.threshold_day
    join expiry.sending_hours as h on h.organisation_id = d.organisation_id
   where l.mentor_id = any (p_mentor_ids)
     and l.kind = 'reminder'
     and l.status = 'superseded';
  v_revived := expiry.make_pending_again(v_ids, 'superseded', v_waits, p_source);
  if pg_catalog.cardinality(v_revived) > 0 then
    update expiry.reminder_dispatch_log as l
       set urgency = d.urgency, escalate = d.escalate
      from unnest(v_ids, v_urgencies, v_escalates) as d (id, urgency, escalate)
     where l.id = any (v_revived) and l.id = d.id and (l.urgency, l.escalate) is distinct from (d.urgency, d.escalate);
    -- A looser one may have been written, and have failed, while the tighter one was away.
    perform expiry.supersede_reminders(p_mentor_ids);
  end if;
  return pg_catalog.cardinality(v_revived);
end;
$$;
comment on function expiry.revive_reminders(uuid[], expiry.reminder_source) is
  'Makes superseded reminders pending again whose very key is due again (a mistaken date corrected back, a pause that ended, a tighter threshold taken away before it reminded anybody), and returns how many. The mentor of a row that somebody holds is noted for a recheck. What the night brings back waits for the organisation''s sending hours. Call with the mentors locked.';
