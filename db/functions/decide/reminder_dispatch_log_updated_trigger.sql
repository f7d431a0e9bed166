create or replace trigger reminder_dispatch_log_updated
after update on expiry.reminder_dispatch_log
referencing old table as before_rows new table as after_rows
for each statement
execute function expiry.ring_reminder_doorbell();
comment on trigger reminder_dispatch_log_updated on expiry.reminder_dispatch_log is 'The listener hears of reminders that are pending again.';
