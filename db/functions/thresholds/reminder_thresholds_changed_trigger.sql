create or replace trigger reminder_thresholds_changed
after insert or update or delete or truncate on expiry.reminder_thresholds
for each statement
execute function expiry.thresholds_changed();
comment on trigger reminder_thresholds_changed on expiry.reminder_thresholds is 'What counts for each organisation follows at once.';
