create or replace function expiry.release_parked_portal_syncs(p_codes text[])
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  with parked as materialized (
    select p.mentor_id
      from expiry.portal_sync as p
     where p.status = 'parked' and (p_codes is null or p.last_error = any (p_codes))
     order by p.mentor_id
       for no key update skip locked
  )
  update expiry.portal_sync as p
     set status = 'pending', desired_version = p.desired_version + 1, available_at = pg_catalog.clock_timestamp()
    from parked
   where p.mentor_id = parked.mentor_id;
  get diagnostics v_count = row_count;
  if v_count > 0 then
    perform pg_catalog.pg_notify('expiry_portal_syncs', '');
  end if;
  return v_count;
end;
$$;
comment on function expiry.release_parked_portal_syncs(text[]) is
  'Has mentors tried again whom the portal had refused with one of these codes, or all of them (null), and returns how many.';
