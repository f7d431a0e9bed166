create or replace function expiry.has_portal()
returns boolean
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select exists (select from expiry.organisations as o where o.portal_enabled) or exists (select from expiry.portal_sync);
$$;
comment on function expiry.has_portal() is 'Whether anybody is, or ever was, on the website.';
