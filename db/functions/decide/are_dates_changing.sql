create or replace function expiry.are_dates_changing(p_operation text)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(pg_catalog.current_setting('expiry.dates_' || pg_catalog.lower(p_operation), true) = pg_catalog.statement_timestamp()::text, false);
$$;
comment on function expiry.are_dates_changing(text) is
  'Whether the statement under way changes dates (UPDATE) or records new ones (INSERT) that certifications_changed has not seen yet: certifications_changing says so. What a host has set for its session is of another statement, and counts for nothing.';
