create or replace function expiry.certifications_changing()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_catalog.set_config('expiry.dates_changing', tg_op, true);
  return null;
end;
$$;
comment on function expiry.certifications_changing() is
  'Says in the transaction-local setting expiry.dates_changing that dates are being changed (UPDATE), or recorded for the first time (INSERT), which certifications_changed has not seen yet. A statement may change mentors beside them, whose trigger could come first: it would find expiries that the brake knows nothing of, or take a past date for one by which somebody could be seen.';
