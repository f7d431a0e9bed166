create or replace function expiry.settle_mentors(
  p_mentor_ids uuid[],
  p_source expiry.reminder_source,
  p_is_statement boolean default false
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- as in run_nightly_phase
set jit = off
as $$
declare
  v_locked uuid[] := expiry.lock_mentors(p_mentor_ids, p_source);
begin
  if pg_catalog.cardinality(v_locked) = 0 then
    return;
  end if;
  perform expiry.settle_statuses(v_locked, p_source);
  if not p_is_statement or not expiry.note_portal_rechecks(v_locked) then
    perform expiry.settle_portal(v_locked);
  end if;
  perform expiry.supersede_reminders(v_locked);
  perform expiry.revive_reminders(v_locked, p_source);
  perform expiry.revive_messages(v_locked, p_source);
  perform expiry.insert_due_reminders(v_locked, p_source, null, null);
  perform expiry.retry_failed_reminders(v_locked, array['no_recipient', 'rejected'], p_source);
end;
$$;
comment on function expiry.settle_mentors(uuid[], expiry.reminder_source, boolean) is
  'Makes the status of these mentors, and then what the website must show of them and their reminders, what the facts say now: a level, not an edge, so it may be called at any time. Within the statement of a host (p_is_statement) the website follows later where they are many (note_portal_rechecks).';
