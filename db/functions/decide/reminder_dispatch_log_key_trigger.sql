create or replace trigger reminder_dispatch_log_key
before update of mentor_id, kind, threshold_day, certification_expiry_date on expiry.reminder_dispatch_log
for each row
when (
  new.mentor_id is distinct from old.mentor_id
  or new.kind is distinct from old.kind
  or new.threshold_day is distinct from old.threshold_day
  or new.certification_expiry_date is distinct from old.certification_expiry_date
)
execute function expiry.check_reminder_transition();
comment on trigger reminder_dispatch_log_key on expiry.reminder_dispatch_log is 'A reminder keeps the key that it was made for.';
