create or replace function expiry.begin_alert_notices(p_holder uuid, p_destinations text[], p_repeat numeric)
returns table (
  destination text, alert_id bigint, notice text, number integer,
  kind text, severity text, details jsonb, opened_at timestamptz, resolved_at timestamptz
)
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  select * from expiry.begin_due_notices(p_holder, p_destinations, p_repeat, null);
$$;
comment on function expiry.begin_alert_notices(uuid, text[], numeric) is
  'What this holder must tell now, the most urgent for each of these destinations whose lease it holds: an alert that is open and was never told, or told last so many seconds ago, or one that is over of which something was told, or could not be. `number` counts what was told of an open alert, this one included; destination, alert, notice and number are the same again when a holder has died before it recorded what it told.';
