create or replace trigger reminder_dispatch_log_born
before insert on expiry.reminder_dispatch_log
for each row
when (new.status not in ('pending', 'failed') or new.status = 'failed' and new.status_reason <> 'no_recipient')
execute function expiry.check_reminder_transition();
comment on trigger reminder_dispatch_log_born on expiry.reminder_dispatch_log is 'A reminder begins as pending, or as failed without a recipient.';
