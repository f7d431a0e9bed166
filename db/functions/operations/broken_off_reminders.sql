create or replace view expiry.broken_off_reminders as
with open as (
  -- One after the other, so that each is found by its own index.
  select l.id, l.organisation_id, l.mentor_id, l.status, l.attempts, l.last_error
    from expiry.reminder_dispatch_log as l
   where l.status = 'pending'
  union all
  select l.id, l.organisation_id, l.mentor_id, l.status, l.attempts, l.last_error
    from expiry.reminder_dispatch_log as l
   where l.status = 'queued'
  union all
  select l.id, l.organisation_id, l.mentor_id, l.status, l.attempts, l.last_error
    from expiry.reminder_dispatch_log as l
   where l.status = 'sending'
)
select l.id, l.organisation_id, l.mentor_id, l.status, in_a_row.rescues
  from open as l
 cross join lateral (
   select pg_catalog.count(*)::integer as rescues
     from (
       -- An attempt that anybody came back from, also late, ends the row of rescues.
       select pg_catalog.bool_and(pg_catalog.bool_or(a.response = 'lease_expired')) over (order by a.attempt desc) as is_rescued
         from expiry.reminder_delivery_attempts as a
        where a.log_id = l.id and (l.status <> 'sending' or a.attempt < l.attempts)
        group by a.attempt
     ) as latest
    where latest.is_rescued
   offset 0
 ) as in_a_row
 where l.last_error = 'lease_expired'
   and l.attempts >= 3
   and in_a_row.rescues >= 3;
comment on view expiry.broken_off_reminders is
  'Open reminders that no notifier has come back from three times in a row or more (rescues): each time the lease ran out. What ends its sender each time is among them.';
