create or replace view expiry.uncovered_reminders as
select d.organisation_id, d.mentor_id, d.certification_id, d.expiry_date, d.days_left, d.threshold_day, d.urgency,
       d.escalate, d.window_opened_at, d.coordinator_id, d.recipient_email
  from expiry.due_reminders as d
 where not exists (
   select from expiry.reminder_dispatch_log as l
    where l.mentor_id = d.mentor_id
      and l.kind = 'reminder'
      and l.certification_expiry_date = d.expiry_date
      and l.threshold_day <= d.threshold_day
      -- A tighter one that was given up after its message may have gone out: no looser one may follow it (ADR 9).
      and (l.status <> 'superseded' or l.may_have_reached and l.threshold_day < d.threshold_day)
 );
comment on view expiry.uncovered_reminders is
  'Due thresholds that no row accounts for. Empty after every night; what stands here longer is a fault.';
