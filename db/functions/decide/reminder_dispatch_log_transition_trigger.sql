create or replace trigger reminder_dispatch_log_transition
before update on expiry.reminder_dispatch_log
for each row
when (
  new.generation is distinct from old.generation + (new.status = 'pending' and old.status <> 'pending')::int
  or new.status <> old.status and case old.status
    when 'pending' then new.status not in ('queued', 'sending', 'sent', 'failed', 'superseded')
      or new.status = 'failed' and new.status_reason <> 'no_recipient'
    when 'queued' then new.status not in ('pending', 'sending', 'sent', 'failed', 'superseded')
      or new.status = 'failed' and new.status_reason <> 'no_recipient'
    when 'sending' then new.status not in ('sent', 'failed', 'pending')
      or new.status = 'failed' and new.status_reason = 'no_recipient'
    when 'failed' then new.status not in ('pending', 'superseded')
    when 'superseded' then new.status <> 'pending'
    else true
  end
)
execute function expiry.check_reminder_transition();
comment on trigger reminder_dispatch_log_transition on expiry.reminder_dispatch_log is
  'Status and generation change only as the life of a reminder allows; sent is final.';
