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
  'Says in the transaction-local setting expiry.dates_changing that dates are being changed (UPDATE) or first recorded (INSERT) which certifications_changed has not seen yet: a statement may change mentors beside them, whose trigger could come first and find expiries that the brake knows nothing of.';
