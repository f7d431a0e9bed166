create or replace function expiry.queued_reminders(p_after bigint, p_limit integer, p_for_seconds numeric)
returns table (id bigint, generation integer, threshold_day integer)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select l.id, l.generation, l.threshold_day
    from expiry.reminder_dispatch_log as l
   where l.status = 'queued'
     and l.id > p_after
     and l.queued_at <= pg_catalog.now() - pg_catalog.make_interval(secs => p_for_seconds::double precision)
   order by l.id
   limit p_limit;
$$;
comment on function expiry.queued_reminders(bigint, integer, numeric) is
  'Reminders that have been queued for so many seconds, by id after a cursor: what the audit of the queue looks up.';
