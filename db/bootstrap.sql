-- Roles belong to the whole cluster and the schema to its owner, so this runs as the login, before any migration.
do $$
declare
  v_role text;
begin
  foreach v_role in array array['expiry_owner', 'expiry_app', 'expiry_service', 'expiry_reader'] loop
    begin
      if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
        execute pg_catalog.format('create role %I nologin', v_role);
      end if;
    exception when duplicate_object or unique_violation then
      null; -- another database of this cluster was faster
    end;
  end loop;
  -- From 16 on, who creates a role is its member without the right to become it.
  if not pg_catalog.pg_has_role(
    current_user, 'expiry_owner', case when pg_catalog.current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end
  ) then
    execute pg_catalog.format('grant expiry_owner to %I', current_user);
  end if;
  if not exists (select from pg_catalog.pg_namespace where nspname = 'expiry') then
    create schema expiry authorization expiry_owner;
  end if;
end
$$;
