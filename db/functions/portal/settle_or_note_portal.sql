create or replace function expiry.settle_or_note_portal(p_mentor_ids uuid[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_code text;
begin
  if not expiry.has_portal() then
    return;
  end if;
  if not expiry.note_portal_rechecks(p_mentor_ids) then
    perform expiry.settle_portal(expiry.lock_mentors(p_mentor_ids, 'realtime'));
  end if;
exception when others then
  get stacked diagnostics v_code = returned_sqlstate;
  raise warning 'the website''s state of % mentors is left to the next sweep (%)', pg_catalog.cardinality(p_mentor_ids), v_code;
  insert into expiry.mentor_rechecks (mentor_id) select u.id from pg_catalog.unnest(p_mentor_ids) as u (id);
end;
$$;
comment on function expiry.settle_or_note_portal(uuid[]) is
  'settle_portal, at once or in portions (note_portal_rechecks), for triggers whose change concerns the website alone; where it fails the host''s statement goes on all the same, and the sweep settles the mentors one from the other.';
