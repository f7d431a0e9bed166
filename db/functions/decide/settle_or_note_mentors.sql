create or replace function expiry.settle_or_note_mentors(p_mentor_ids uuid[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_code text;
begin
  perform expiry.settle_mentors(p_mentor_ids, 'realtime', true);
exception when others then
  get stacked diagnostics v_code = returned_sqlstate;
  raise warning 'reminders of % mentors are left to the next sweep (%)', pg_catalog.cardinality(p_mentor_ids), v_code;
  insert into expiry.mentor_rechecks (mentor_id) select u.id from pg_catalog.unnest(p_mentor_ids) as u (id);
end;
$$;
comment on function expiry.settle_or_note_mentors(uuid[]) is
  'What triggers call: settles these mentors; where that fails the host''s statement goes on all the same, and the sweep settles them one from the other.';
