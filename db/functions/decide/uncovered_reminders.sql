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
      and (
        l.status <> 'superseded'
        -- A tighter one that was given up after its message may have gone out: no looser one may follow it (ADR 9).
        or l.threshold_day < d.threshold_day and exists (
          select from expiry.reminder_delivery_attempts as a
           where a.log_id = l.id and a.outcome in ('accepted', 'uncertain')
        )
      )
 );
comment on view expiry.uncovered_reminders is
  'Due thresholds that no row accounts for. Empty after every night; what stands here longer is a fault.';
