create or replace function expiry.apply_nightly_phase(p_run_id bigint, p_phase text, p_mentor_ids uuid[])
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_locked uuid[];
begin
  if p_phase like 'recheck\_%' then
    perform expiry.settle_mentors(p_mentor_ids, pg_catalog.substr(p_phase, 9)::expiry.reminder_source);
    return pg_catalog.cardinality(p_mentor_ids);
  end if;
  v_locked := expiry.lock_mentors(p_mentor_ids, 'nightly');
  return case
    when p_phase in ('resume_pauses', 'expire_lapsed', 'restore_renewed') then
      expiry.settle_statuses(v_locked, 'nightly', p_run_id)
    when p_phase = 'portal' then expiry.settle_portal(v_locked)
    when p_phase = 'remove' then expiry.delete_removed_mentors(v_locked)
    when p_phase = 'supersede' then expiry.supersede_reminders(v_locked)
    when p_phase = 'revive' then expiry.revive_reminders(v_locked, 'nightly')
    when p_phase = 'retry_failed' then
      expiry.retry_failed_reminders(v_locked, array['no_recipient', 'rejected', 'attempts_exhausted'], 'nightly')
    else expiry.insert_due_reminders(v_locked, 'nightly', p_run_id, pg_catalog.substr(p_phase, 11)::integer)
  end;
end;
$$;
comment on function expiry.apply_nightly_phase(bigint, text, uuid[]) is
  'Does one phase for these mentors, apart from those held by others, and returns how many rows it changed.';
