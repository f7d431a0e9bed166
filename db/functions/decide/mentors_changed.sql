create or replace function expiry.mentors_changed()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_mentor_ids uuid[];
begin
  select pg_catalog.array_agg(n.id) into v_mentor_ids
    from after_rows as n
    join before_rows as b on b.id = n.id
   where n.status <> b.status
      or n.organisation_id <> b.organisation_id
      or n.coordinator_id is distinct from b.coordinator_id
         and exists (select from expiry.reminder_dispatch_log as l where l.mentor_id = n.id and l.status = 'failed');
  if v_mentor_ids is not null then
    perform expiry.settle_or_note_mentors(v_mentor_ids);
  end if;
  return null;
end;
$$;
comment on function expiry.mentors_changed() is
  'A changed status takes effect on the reminders in the same transaction, and so does a coordinator assigned to a mentor whose reminder had failed.';
