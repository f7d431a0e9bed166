create or replace function expiry.organisations_changed()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_mentor_ids uuid[];
  v_published uuid[];
begin
  select pg_catalog.array_agg(distinct l.mentor_id) into v_mentor_ids
    from after_rows as n
    join before_rows as b on b.id = n.id
    join expiry.reminder_dispatch_log as l on l.organisation_id = n.id and l.status = 'failed'
   where n.fallback_email is distinct from b.fallback_email;
  if v_mentor_ids is not null then
    perform expiry.settle_or_note_mentors(v_mentor_ids);
  end if;
  v_published := array(
    select m.id
      from after_rows as n
      join before_rows as b on b.id = n.id
      join expiry.mentors as m on m.organisation_id = n.id and m.portal_key is not null
     where n.portal_enabled <> b.portal_enabled
  );
  if pg_catalog.cardinality(v_published) > 0 then
    perform expiry.settle_or_note_portal(v_published);
  end if;
  return null;
end;
$$;
comment on function expiry.organisations_changed() is
  'A new fallback address gets the reminders that had failed, and an organisation that comes to the website, or leaves it, has all its mentors shown or hidden, in the same transaction.';
