create or replace trigger reminder_dispatch_log_inserted
after insert on expiry.reminder_dispatch_log
referencing new table as after_rows
for each statement
execute function expiry.ring_reminder_doorbell();
comment on trigger reminder_dispatch_log_inserted on expiry.reminder_dispatch_log is 'The listener hears of new pending reminders.';
