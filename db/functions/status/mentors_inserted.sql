create or replace function expiry.mentors_inserted()
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
   where n.status = 'paused' and n.paused_until <= (expiry.now() at time zone 'UTC')::date + 1;
  if v_mentor_ids is not null then
    perform expiry.settle_or_note_mentors(v_mentor_ids);
  end if;
  return null;
end;
$$;
comment on function expiry.mentors_inserted() is
  'A mentor recorded as paused whose first day back has come is in service at once. Certifications come with triggers of their own.';
