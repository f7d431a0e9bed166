create or replace trigger reminder_dispatch_log_transition
before update on expiry.reminder_dispatch_log
for each row
when (
  new.generation is distinct from old.generation + (new.status = 'pending' and old.status <> 'pending')::int
  or new.status <> old.status and not expiry.is_reminder_transition_allowed(old.status, new.status, new.status_reason)
)
execute function expiry.check_reminder_transition();
comment on trigger reminder_dispatch_log_transition on expiry.reminder_dispatch_log is
  'Status and generation change only as the life of a reminder allows.';
