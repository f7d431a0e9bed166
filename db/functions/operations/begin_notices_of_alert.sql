create or replace function expiry.begin_notices_of_alert(p_holder uuid, p_destinations text[], p_alert_id bigint)
returns table (
  destination text, alert_id bigint, notice text, number integer,
  kind text, severity text, details jsonb, opened_at timestamptz, resolved_at timestamptz
)
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  select * from expiry.begin_due_notices(p_holder, p_destinations, null, p_alert_id);
$$;
comment on function expiry.begin_notices_of_alert(uuid, text[], bigint) is
  'What begin_alert_notices returns, of this alert alone and without repetitions: for a holder that leaves every other alert, and its being told, to the services.';
