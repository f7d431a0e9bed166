create or replace function expiry.enter_portal_break_glass(p_id bigint, p_environment uuid, p_is_initial boolean)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  update expiry.portal_break_glass as b set environment = p_environment where b.id = p_id and b.finished_at is null;
  insert into expiry.portal_environments (id, adopted_by)
  select p_environment, b.actor from expiry.portal_break_glass as b where b.id = p_id and b.is_applied and p_is_initial
  on conflict (id) do nothing;
  return exists (select from expiry.portal_environments as e where e.id = p_environment);
end;
$$;
comment on function expiry.enter_portal_break_glass(bigint, uuid, boolean) is
  'Writes down which environment the portal says it is, and returns whether a person has adopted it; initial: this person does.';
