create or replace function expiry.hold_reminders(p_ids bigint[])
returns bigint[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '400ms'
as $$
declare
  v_held bigint[];
begin
  for v_round in 1..2 loop
    v_held := array(
      select l.id from expiry.reminder_dispatch_log as l
       where l.id = any (p_ids)
       order by l.id
         for no key update skip locked
    );
    exit when v_round = 2 or pg_catalog.cardinality(v_held) = pg_catalog.cardinality(p_ids);
    -- Not all: some do not exist or stand twice among the ids, or somebody holds one.
    exit when pg_catalog.cardinality(v_held)
         = (select pg_catalog.count(*) from expiry.reminder_dispatch_log as l where l.id = any (p_ids));
    -- A claim that has handed its jobs over and not yet committed is worth a moment's wait. Anybody else (a host's
    -- transaction may last for minutes) is not: the jobs of others would stand behind theirs.
    begin
      perform pg_catalog.pg_advisory_xact_lock_shared(7236003);
      raise lock_not_available; -- gives the lock back at once: no claim waits for us
    exception when lock_not_available then
      null;
    end;
  end loop;
  return v_held;
end;
$$;
comment on function expiry.hold_reminders(bigint[]) is
  'Locks these reminders by id until the end of the transaction and returns those that nobody else holds; waits for nobody but, for a moment, a claim that is about to commit.';
