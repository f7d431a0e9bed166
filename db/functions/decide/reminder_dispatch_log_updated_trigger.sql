create or replace trigger reminder_dispatch_log_updated
after update on expiry.reminder_dispatch_log
for each row
when (new.status = 'pending' and old.status <> 'pending' and new.available_at <= pg_catalog.now())
execute function expiry.ring_reminder_doorbell();
comment on trigger reminder_dispatch_log_updated on expiry.reminder_dispatch_log is
  'The listener hears of reminders that are pending again. Row by row, for hardly any is: keeping every row''s two versions for a statement''s trigger costs each claim, begin and finish.';
