create or replace function expiry.open_portal_break_glass(
  p_actor text, p_reason text, p_is_applied boolean, p_mentor_ids uuid[]
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_id bigint;
begin
  if pg_catalog.btrim(coalesce(p_actor, '')) = '' or pg_catalog.btrim(coalesce(p_reason, '')) = '' then
    raise exception using errcode = '22004', message = 'who breaks the glass, and why, must be named';
  end if;
  insert into expiry.portal_break_glass (actor, reason, is_applied, mentor_ids, started_at)
  values (p_actor, p_reason, p_is_applied, p_mentor_ids, pg_catalog.clock_timestamp())
  returning id into v_id;
  return v_id;
end;
$$;
comment on function expiry.open_portal_break_glass(text, text, boolean, uuid[]) is
  'Writes down, before the portal is asked anything, who speaks with it by hand, why, whether to write or only to look, and about which mentors (null: all). Returns the id of the use.';
