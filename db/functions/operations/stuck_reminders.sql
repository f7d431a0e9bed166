create or replace view expiry.stuck_reminders as
with trouble as (
  select exists (
           select from expiry.operations_alerts as a where a.kind = 'channel_out_of_order' and a.resolved_at is null
               and exists (
                 select from pg_catalog.jsonb_each_text(a.details -> 'reporters') as r
                  where r.value::timestamptz > pg_catalog.now() - interval '5 minutes'
               )
         ) as is_told,
         exists (
           select from expiry.reminder_dispatch_log as l
            where l.status = 'sending' and l.lease_until > pg_catalog.now()
         ) as is_sending,
         exists (
           select from expiry.reminder_dispatch_log as l
            where l.status = 'queued' and l.queued_at > pg_catalog.now() - interval '15 minutes'
         ) as is_queueing
)
select l.id, l.organisation_id, l.status, l.available_at as since
  from expiry.reminder_dispatch_log as l, trouble
 where l.status = 'pending' and l.available_at < pg_catalog.now() - interval '15 minutes'
   and not trouble.is_told and not trouble.is_queueing and not trouble.is_sending
union all
select l.id, l.organisation_id, l.status, l.queued_at
  from expiry.reminder_dispatch_log as l, trouble
 where l.status = 'queued' and not trouble.is_told
   and (l.queued_at < pg_catalog.now() - interval '6 hours'
        or l.queued_at < pg_catalog.now() - interval '15 minutes' and not trouble.is_sending)
union all
select l.id, l.organisation_id, l.status, l.lease_until
  from expiry.reminder_dispatch_log as l
 where l.status = 'sending' and l.lease_until < pg_catalog.now() - interval '5 minutes';
comment on view expiry.stuck_reminders is
  'Reminders that stand still although they should move: pending and available for a quarter of an hour while nothing is queued or sent; queued for as long while nothing is sent, or for six hours; sending five minutes beyond the lease. What waits for a channel that is out of order is not among them: that has an alert of its own.';
