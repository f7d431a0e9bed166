create or replace view expiry.duplicate_reminders as
select l.organisation_id, l.mentor_id, l.kind, l.threshold_day,
       pg_catalog.array_agg(l.id order by l.id) as log_ids,
       pg_catalog.array_agg(l.certification_expiry_date order by l.id) as expiry_dates
  from expiry.reminder_dispatch_log as l
  join expiry.reminder_dispatch_log as other
    on other.mentor_id = l.mentor_id
   and other.kind = l.kind
   and other.threshold_day = l.threshold_day
   and other.id <> l.id
   and other.status = 'sent'
   and other.certification_expiry_date between l.certification_expiry_date - 90 and l.certification_expiry_date + 90
 where l.kind = 'reminder'
   and l.status = 'sent'
 group by l.organisation_id, l.mentor_id, l.kind, l.threshold_day;
comment on view expiry.duplicate_reminders is
  'Mentors about whom the same threshold was sent more than once for expiry dates within 90 days of each other: right when the date had moved, worth a look all the same.';
