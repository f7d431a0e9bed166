create or replace function expiry.record_portal_health(p_holder uuid, p_environment uuid)
returns void
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  update expiry.portal_worker as w
     set checked_at = pg_catalog.clock_timestamp(),
         healthy_at = case when p_environment is not null then pg_catalog.clock_timestamp() else w.healthy_at end,
         environment = coalesce(p_environment, w.environment)
   where w.holder = p_holder;
$$;
comment on function expiry.record_portal_health(uuid, uuid) is
  'When the portal was looked at and, with the environment that answered, seen to work.';
