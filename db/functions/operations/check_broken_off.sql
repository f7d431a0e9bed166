create or replace function expiry.check_broken_off()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count bigint;
  v_reminders bigint[];
  v_rescues integer;
begin
  select pg_catalog.count(*), (pg_catalog.array_agg(b.id order by b.rescues desc, b.id))[:20], pg_catalog.max(b.rescues)
    into v_count, v_reminders, v_rescues
    from expiry.broken_off_reminders as b;
  perform expiry.keep_alert(
    'sends_broken_off', 'critical', 'sends_broken_off', v_count > 0,
    pg_catalog.jsonb_build_object('count', v_count, 'reminders', v_reminders, 'rescues', v_rescues)
  );
end;
$$;
comment on function expiry.check_broken_off() is
  'Keeps the alert about reminders that no notifier comes back from: how many, at most twenty ids, those that were rescued most often first, and how often in a row that was.';
