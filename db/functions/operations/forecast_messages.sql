create or replace function expiry.forecast_messages(p_days integer, p_mentor_id uuid default null)
returns table (
  organisation_id uuid, mentor_id uuid, kind expiry.reminder_kind, certification_expiry_date date,
  due_on date, due_from time, recipient text, outcome text, log_id bigint
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan -- one mentor and everybody are two plans
set jit = off
as $$
#variable_conflict use_column
begin
  return query
  select m.organisation_id, m.id, l.kind, l.certification_expiry_date, due.due_on,
         case when due.outcome = 'pending' and w.id is not null then nullif(o.send_from, time '00:00') end,
         case l.status when 'sending' then l.recipient_email else to_now.email end, due.outcome, l.id
    from expiry.reminder_dispatch_log as l
    join expiry.reminder_facts as f on f.id = l.id
    join expiry.mentors as m on m.id = l.mentor_id
    join expiry.organisations as o on o.id = m.organisation_id
    left join expiry.waiting_reminders as w on w.id = l.id
    left join expiry.nightly_owed() as owed on owed.organisation_id = o.id
    left join expiry.reachable_coordinators as r on r.coordinator_id = m.coordinator_id
   cross join lateral (select coalesce(r.email, o.fallback_email) as email) as to_now
   cross join lateral (
     select case
       when l.status = 'sending' then 'sending'
       when to_now.email is null then 'no_recipient'
       when l.status = 'failed' and l.status_reason = 'rejected' and to_now.email = l.recipient_email then 'failed'
       when l.status = 'failed' then 'retry'
       else l.status::text
     end as outcome
   ) as state
   cross join lateral (
     select state.outcome, case
       when state.outcome in ('queued', 'sending') then f.today
       when state.outcome = 'retry' then f.today + (owed.organisation_id is null)::integer
       when state.outcome = 'pending' then greatest(
         f.today, (expiry.clock_at(coalesce(w.until, l.available_at)) at time zone o.zone_in_force)::date
       )
     end as due_on
   ) as due
   where l.kind <> 'reminder'
     and l.status in ('pending', 'queued', 'sending', 'failed')
     and (l.status = 'sending' or f.stale_reason is null)
     and (p_mentor_id is null or l.mentor_id = p_mentor_id)
     and (due.due_on is null or due.due_on <= f.today + p_days);
end;
$$;
comment on function expiry.forecast_messages(integer, uuid) is
  'The messages about leaving and re-entering service that are under way or have failed, of everybody or of one mentor, unless they would be withdrawn: pending, queued, sending, retry (failed; the next night tries again), on due_on, from due_from where it waits for sending hours; or no_recipient, failed (and stays so until the recipient changes), which go out on no day by themselves. The messages of those who will yet leave, forecast_departures tells.';
