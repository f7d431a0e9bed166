create or replace function expiry.is_reminder_transition_allowed(
  p_from expiry.reminder_status, p_to expiry.reminder_status, p_reason text
)
returns boolean
language plpgsql -- kept ready for the session, while a trigger's condition is read anew by each statement
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case p_from
    when 'pending' then p_to in ('queued', 'sending', 'sent', 'superseded') or p_to = 'failed' and p_reason = 'no_recipient'
    when 'queued' then p_to in ('pending', 'sending', 'sent', 'superseded') or p_to = 'failed' and p_reason = 'no_recipient'
    when 'sending' then p_to in ('sent', 'pending') or p_to = 'failed' and p_reason <> 'no_recipient'
    when 'failed' then p_to in ('pending', 'superseded')
    when 'superseded' then p_to = 'pending'
    else false
  end;
end;
$$;
comment on function expiry.is_reminder_transition_allowed(expiry.reminder_status, expiry.reminder_status, text) is
  'Whether a reminder may go from one status to another one, with this status_reason: the table in docs/errors.md; sent is final.';
