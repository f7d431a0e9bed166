create or replace function expiry.check_rows()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_stuck jsonb;
begin
  select pg_catalog.jsonb_object_agg(s.status, s.count) into v_stuck
    from (select r.status, pg_catalog.count(*) as count from expiry.stuck_reminders as r group by r.status) as s;
  perform expiry.keep_alert(
    'rows_stuck', 'critical', 'rows_stuck', v_stuck is not null, '{"pending": 0, "queued": 0, "sending": 0}' || v_stuck
  );
end;
$$;
comment on function expiry.check_rows() is 'Keeps the alert about reminders that stand still, with how many in which status.';
