create or replace function expiry.coordinators_changed()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_mentor_ids uuid[];
begin
  -- A full join, as in mentors_changed.
  with changed as materialized (
    select n.id
      from after_rows as n
      full join before_rows as b on b.id = n.id
     where (n.active, n.email) is distinct from (b.active, b.email)
  )
  select pg_catalog.array_agg(m.id) into v_mentor_ids
    from changed as c
    join expiry.mentors as m on m.coordinator_id = c.id
   where exists (select from expiry.reminder_dispatch_log as l where l.mentor_id = m.id and l.status = 'failed');
  if v_mentor_ids is not null then
    perform expiry.settle_or_note_mentors(v_mentor_ids);
  end if;
  return null;
end;
$$;
comment on function expiry.coordinators_changed() is
  'A repaired coordinator gets the reminders that had failed, in the same transaction.';
