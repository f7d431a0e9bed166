create or replace function expiry.remove_mentor(p_mentor_id uuid, p_actor text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_status expiry.mentor_status;
begin
  if pg_catalog.btrim(coalesce(p_actor, '')) = '' then
    raise exception using errcode = '22004', message = 'who removes a mentor must be named';
  end if;
  select m.status into v_status from expiry.mentors as m where m.id = p_mentor_id for no key update;
  if not found then
    return true;
  end if;
  if v_status <> 'inactive' then
    perform expiry.transition_mentor_status(p_mentor_id, v_status, 'inactive', 'removed', p_actor);
  end if;
  update expiry.mentors as m
     set removal_requested_at = pg_catalog.now(), removal_requested_by = p_actor
   where m.id = p_mentor_id and m.removal_requested_at is null;
  if found then
    -- What was acknowledged until now is not that the mentor is gone.
    perform expiry.request_portal_sync(p_mentor_id, p_actor);
  end if;
  return expiry.delete_removed_mentors(array[p_mentor_id]) = 1;
end;
$$;
comment on function expiry.remove_mentor(uuid, text) is
  'Takes a mentor out of service for good, hides them on the website, and deletes all that is recorded about them once the website has acknowledged; at once where they are not published. True when they are gone. Twice is the same as once. Their transitions stay, which name nobody.';
