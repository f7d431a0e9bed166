create or replace function expiry.check_duplicates()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
  v_mentors uuid[];
begin
  select pg_catalog.count(*), (pg_catalog.array_agg(distinct d.mentor_id))[:20] into v_count, v_mentors
    from expiry.duplicate_reminders as d
   where exists (
     select from expiry.reminder_dispatch_log as l
      where l.id = any (d.log_ids) and l.sent_at > pg_catalog.clock_timestamp() - interval '25 hours'
   );
  perform expiry.keep_alert(
    'duplicate_reminders', 'warning', 'duplicate_reminders', v_count > 0,
    pg_catalog.jsonb_build_object('count', v_count, 'mentors', v_mentors)
  );
end;
$$;
comment on function expiry.check_duplicates() is
  'Keeps the alert about reminders of one certification period that went out since yesterday although one of the same threshold had been sent. It reads all that was ever sent: once a night.';
