create or replace function expiry.certifications_changing()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_catalog.set_config('expiry.dates_' || pg_catalog.lower(tg_op), pg_catalog.statement_timestamp()::text, true);
  if tg_op = 'UPDATE' then
    perform pg_catalog.set_config('expiry.left_to_dates', '', true);
  end if;
  return null;
end;
$$;
comment on function expiry.certifications_changing() is
  'Says in transaction-local settings that this statement changes dates (expiry.dates_update), or records some for the first time (expiry.dates_insert), which certifications_changed has not seen yet (are_dates_changing). A statement may change mentors beside them, whose trigger could come first: it would find expiries that the brake knows nothing of, or take a past date for one by which somebody could be seen.';
