create or replace function expiry.note_nightly_call(p_source text)
returns void
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  update expiry.nightly_schedule as s
     set called_at = pg_catalog.clock_timestamp() -- when pg_cron is at work is real time
   where p_source = 'pg_cron';
$$;
comment on function expiry.note_nightly_call(text) is
  'Notes that pg_cron has called the night: the tables of pg_cron, which say so too, are closed to the services.';
