create or replace function expiry.mentors_changed()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_mentor_ids uuid[];
begin
  -- A full join, because it is never a loop over every pair: the plan is kept for the session, made perhaps for one row.
  with changed as materialized (
    select n.id, (n.status, n.organisation_id) is distinct from (b.status, b.organisation_id) as matters
      from after_rows as n
      full join before_rows as b on b.id = n.id
     where (n.status, n.organisation_id, n.coordinator_id) is distinct from (b.status, b.organisation_id, b.coordinator_id)
  )
  select pg_catalog.array_agg(c.id) into v_mentor_ids
    from changed as c
   where c.id is not null
     and (c.matters
          or exists (select from expiry.reminder_dispatch_log as l where l.mentor_id = c.id and l.status = 'failed'));
  if v_mentor_ids is not null then
    perform expiry.settle_or_note_mentors(v_mentor_ids);
  end if;
  return null;
end;
$$;
comment on function expiry.mentors_changed() is
  'A changed status takes effect on the reminders in the same transaction, and so does a coordinator assigned to a mentor whose reminder had failed.';
