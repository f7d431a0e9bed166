create or replace function expiry.note_portal_rechecks(p_mentor_ids uuid[])
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_size constant integer := 1000; -- what takes a statement tens of milliseconds, and a listener as long a portion
begin
  if pg_catalog.cardinality(p_mentor_ids) <= v_size or not expiry.has_portal() then
    return false;
  end if;
  insert into expiry.portal_rechecks (mentor_ids, changed_at)
  select p_mentor_ids[portion.begins : portion.begins + v_size - 1], (select expiry.now())
    from pg_catalog.generate_series(1, pg_catalog.cardinality(p_mentor_ids), v_size) as portion (begins);
  perform pg_catalog.pg_notify('expiry_portal_syncs', '');
  return true;
end;
$$;
comment on function expiry.note_portal_rechecks(uuid[]) is
  'Where these mentors are too many for the statement of a host to settle the website''s state of each, leaves them to the listener in portions (settle_portal_recheck), and returns true; false where they are to be settled at once.';
