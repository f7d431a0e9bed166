create or replace function expiry.insert_due_reminders(
  p_mentor_ids uuid[],
  p_source expiry.reminder_source,
  p_run_id bigint,
  p_threshold_day integer
)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
  v_reminded_before uuid[];
begin
  with hours as materialized (
    select s.organisation_id, s.opens_in, s.opens_on from expiry.sending_hours as s
  ), added as (
    insert into expiry.reminder_dispatch_log
      (kind, organisation_id, mentor_id, coordinator_id, certification_id, threshold_day, certification_expiry_date,
       urgency, escalate, source, run_id, due_at, in_sending_hours, available_at, status, status_reason)
    select 'reminder', d.organisation_id, d.mentor_id, d.coordinator_id, d.certification_id, d.threshold_day,
           d.expiry_date, d.urgency, d.escalate, p_source, p_run_id,
           case p_source when 'nightly' then d.window_opened_at else (select expiry.now()) end,
           p_source = 'nightly',
           pg_catalog.now() + case when p_source = 'nightly' then expiry.wait_for_hours(h.opens_in, h.opens_on, d.expiry_date) else interval '0' end,
           case when d.recipient_email is null then 'failed' else 'pending' end::expiry.reminder_status,
           case when d.recipient_email is null then 'no_recipient' end
      from expiry.uncovered_reminders as d
      join hours as h on h.organisation_id = d.organisation_id
     where d.mentor_id = any (p_mentor_ids)
       and (p_threshold_day is null or d.threshold_day = p_threshold_day)
    on conflict (mentor_id, kind, threshold_day, certification_expiry_date) do nothing
    returning mentor_id
  )
  select pg_catalog.count(*),
         pg_catalog.array_agg(a.mentor_id) filter (where exists (
           select from expiry.reminder_dispatch_log as l -- as it was before this statement
            where l.mentor_id = a.mentor_id and l.status in ('pending', 'queued', 'failed')
         ))
    into v_count, v_reminded_before
    from added as a;
  if v_reminded_before is not null then
    perform expiry.supersede_reminders(v_reminded_before);
  end if;
  return v_count;
end;
$$;
comment on function expiry.insert_due_reminders(uuid[], expiry.reminder_source, bigint, integer) is
  'Writes the due reminders of these mentors that no row accounts for (of one threshold, or of any when null), supersedes the looser ones that are still open, and returns how many were written. What the night writes waits for the organisation''s sending hours. Without a reachable recipient a row begins as failed / no_recipient. Call with the mentors locked.';
