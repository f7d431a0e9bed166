create or replace function expiry.record_schedule(p_scheduler text, p_schedule text)
returns void
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  insert into expiry.nightly_schedule (scheduler, schedule)
  values (p_scheduler, p_schedule)
  on conflict (singleton) do update
     set scheduler = excluded.scheduler, schedule = excluded.schedule, set_at = pg_catalog.now();
$$;
comment on function expiry.record_schedule(text, text) is 'Notes who was asked to call the night, and when.';
