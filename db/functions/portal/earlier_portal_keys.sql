create or replace function expiry.earlier_portal_keys(p_keys text[], p_key text)
returns text[]
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select array(select distinct u.key from pg_catalog.unnest(p_keys) as u (key) where u.key is not null and pg_catalog.lower(u.key) is distinct from pg_catalog.lower(p_key));
$$;
comment on function expiry.earlier_portal_keys(text[], text) is
  'Of these keys of a mentor those that are not the present one, whatever their case, each once: contacts that may still show the mentor.';
