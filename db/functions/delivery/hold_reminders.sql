create or replace function expiry.hold_reminders(p_ids bigint[])
returns bigint[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '400ms'
as $$
begin
  -- Waits for a claim that has handed the job over and not yet committed.
  return array(
    select l.id from expiry.reminder_dispatch_log as l
     where l.id = any (p_ids)
     order by l.id
       for no key update
  );
exception when lock_not_available then
  -- Who holds a row for longer (a host's transaction may for minutes) keeps that one and not the others of its batch.
  return array(
    select l.id from expiry.reminder_dispatch_log as l
     where l.id = any (p_ids)
     order by l.id
       for no key update skip locked
  );
end;
$$;
comment on function expiry.hold_reminders(bigint[]) is
  'Locks these reminders by id until the end of the transaction and returns those it got: all, or after a moment''s wait those that nobody else holds.';
