create or replace function expiry.mentors_inserted()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_mentor_ids uuid[];
  v_published uuid[];
begin
  select pg_catalog.array_agg(n.id) filter (where n.status = 'paused' and n.paused_until <= (expiry.now() at time zone 'UTC')::date + 1),
         pg_catalog.array_agg(n.id) filter (where n.portal_key is not null)
    into v_mentor_ids, v_published
    from after_rows as n;
  if v_mentor_ids is not null then
    perform expiry.settle_or_note_mentors(v_mentor_ids);
  end if;
  if v_published is not null then
    perform expiry.settle_or_note_portal(v_published);
  end if;
  return null;
end;
$$;
comment on function expiry.mentors_inserted() is
  'A mentor recorded as paused whose first day back has come is in service at once; one who is published is hidden until a certification allows more. Certifications come with triggers of their own.';
