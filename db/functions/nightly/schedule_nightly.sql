create or replace function expiry.schedule_nightly(p_schedule text default '15 * * * *')
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_scheduler text := 'service';
begin
  if exists (select from pg_catalog.pg_extension where extname = 'pg_cron') then
    -- One that was switched off would stay so, and only some may switch it on.
    perform cron.unschedule(j.jobid)
       from cron.job as j
      where j.jobname = 'expiry-nightly:' || pg_catalog.current_database() and j.username = current_user and not j.active;
    perform cron.schedule('expiry-nightly:' || pg_catalog.current_database(), p_schedule, 'call expiry.nightly(''pg_cron'')');
    v_scheduler := 'pg_cron';
  end if;
  perform expiry.record_schedule(v_scheduler, p_schedule);
  return v_scheduler;
end;
$$;
comment on function expiry.schedule_nightly(text) is
  'Has pg_cron call the night where it lives in this database, changing no job but its own, and says who runs it: pg_cron, or service when the listener''s sweep does it alone. Runs as the caller, in whose name pg_cron then connects.';
