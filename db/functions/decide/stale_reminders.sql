create or replace view expiry.stale_reminders as
select f.id, f.mentor_id, f.organisation_id, f.status, f.stale_reason as reason
  from expiry.reminder_facts as f
 where f.status in ('pending', 'queued', 'failed')
   and f.stale_reason is not null;
comment on view expiry.stale_reminders is
  'Open reminders, and messages about leaving and re-entering service, whose facts no longer hold, each with the status_reason under which it is to be superseded.';
