create or replace function expiry.lock_mentors(p_mentor_ids uuid[], p_source expiry.reminder_source)
returns uuid[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_locked uuid[];
begin
  select coalesce(pg_catalog.array_agg(held.id), '{}') into v_locked
    from (
      select m.id from expiry.mentors as m
       where m.id = any (p_mentor_ids)
       order by m.id
         for no key update skip locked
    ) as held;
  -- Waiting here would deadlock with a statement that takes the same mentors in another order, so whoever is held
  -- by somebody else is noted, and settled by the next sweep or night.
  if pg_catalog.cardinality(v_locked) < pg_catalog.cardinality(p_mentor_ids) then
    insert into expiry.mentor_rechecks (mentor_id, source)
    select asked.mentor_id, p_source from pg_catalog.unnest(p_mentor_ids) as asked (mentor_id)
    except
    select held.mentor_id, p_source from pg_catalog.unnest(v_locked) as held (mentor_id);
  end if;
  return v_locked;
end;
$$;
comment on function expiry.lock_mentors(uuid[], expiry.reminder_source) is
  'Locks the mentors that nobody else holds, by id, until the end of the transaction, and returns them; notes the others in mentor_rechecks, with whose work was left (p_source). Read the facts in a later statement.';
