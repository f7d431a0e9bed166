create or replace function expiry.mentors_changing()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if current_user <> (select pg_catalog.pg_get_userbyid(c.relowner) from pg_catalog.pg_class as c where c.oid = tg_relid) then
    perform pg_catalog.set_config('expiry.rule', '', true), pg_catalog.set_config('expiry.run_id', '', true);
  end if;
  return null;
end;
$$;
comment on function expiry.mentors_changing() is
  'Only the product''s own functions, which run as the owner, change statuses by a rule: what anybody else says in the settings expiry.rule and expiry.run_id is cleared before it counts.';
