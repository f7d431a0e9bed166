create or replace function expiry.request_portal_sync(p_mentor_id uuid, p_actor text)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_version bigint;
begin
  if pg_catalog.btrim(coalesce(p_actor, '')) = '' then
    raise exception using errcode = '22004', message = 'who asks for a sync must be named';
  end if;
  perform from expiry.mentors as m where m.id = p_mentor_id for no key update;
  perform expiry.settle_portal(array[p_mentor_id]);
  update expiry.portal_sync as p
     set desired_version = p.desired_version + 1,
         status = case p.status when 'sending' then p.status else 'pending' end,
         priority = 1, requested_by = p_actor, acknowledged = null, failures = 0,
         available_at = pg_catalog.clock_timestamp()
   where p.mentor_id = p_mentor_id
  returning p.desired_version into v_version;
  if found then
    perform pg_catalog.pg_notify('expiry_portal_syncs', '');
  end if;
  return v_version;
end;
$$;
comment on function expiry.request_portal_sync(uuid, text) is
  'Has a mentor''s state pushed before everything else, read from the portal and compared anew, and returns the version that will show it; null where the mentor was never on the website. A parked one is tried again.';
