create or replace function expiry.claim_pending_reminders(p_limit integer)
returns table (id bigint, generation integer, threshold_day integer)
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  with due as materialized (
    select l.id
      from expiry.reminder_dispatch_log as l
     where l.status = 'pending' and l.available_at <= pg_catalog.now()
     order by l.threshold_day, l.id
     limit p_limit
       for update skip locked
  )
  update expiry.reminder_dispatch_log as l
     set status = 'queued', queued_at = pg_catalog.now()
    from due
   where l.id = due.id
  returning l.id, l.generation, l.threshold_day;
$$;
comment on function expiry.claim_pending_reminders(integer) is
  'Marks pending reminders queued, most urgent first, and returns them; concurrent callers get disjoint sets. Roll back to undo the claim.';
