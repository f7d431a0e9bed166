create or replace function expiry.today(p_organisation_id uuid)
returns date
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select (expiry.now() at time zone o.zone_in_force)::date from expiry.organisations as o where o.id = p_organisation_id;
$$;
comment on function expiry.today(uuid) is 'The date in the organisation''s time zone. Null when there is no such organisation.';
