create or replace function expiry.claim_pending_reminders(p_limit integer)
returns table (id bigint, generation integer, threshold_day integer)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan -- planning anew takes longer than claiming the one that somebody waits for
set enable_seqscan = off -- by the index of what is pending, also where the table was empty when the plan was made
set jit = off -- as in begin_reminder_delivery
as $$
#variable_conflict use_column
begin
  return query
  update expiry.reminder_dispatch_log as l
     set status = 'queued', queued_at = pg_catalog.now()
   where l.id = any (array( -- a join would be planned for a tenth of all that is pending, whatever the limit
     select due.id
       from expiry.reminder_dispatch_log as due
      where due.status = 'pending' and due.available_at <= pg_catalog.now()
      order by due.threshold_day, due.id
      limit p_limit
        for update skip locked
   ))
  returning l.id, l.generation, l.threshold_day;
end;
$$;
comment on function expiry.claim_pending_reminders(integer) is
  'Marks pending reminders queued, most urgent first, and returns them; concurrent callers get disjoint sets. Roll back to undo the claim.';
