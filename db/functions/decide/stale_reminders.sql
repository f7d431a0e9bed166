create or replace view expiry.stale_reminders as
select l.id, l.mentor_id, l.organisation_id, l.status, verdict.reason
  from expiry.reminder_dispatch_log as l
  join expiry.mentors as m on m.id = l.mentor_id
  join expiry.organisations as o on o.id = m.organisation_id
  left join expiry.certifications as c on c.mentor_id = l.mentor_id
 cross join lateral (
   select case
     when c.expiry_date > l.certification_expiry_date then 'renewed'
     when c.expiry_date < l.certification_expiry_date then 'date_moved'
     when c.expiry_date < ((select expiry.now()) at time zone o.time_zone)::date then 'lapsed'
     when c.id is null or m.status not in ('active', 'paused') then 'not_eligible'
     when exists (
       select from expiry.reminder_dispatch_log as tighter
        where tighter.mentor_id = l.mentor_id
          and tighter.kind = l.kind
          and tighter.certification_expiry_date = l.certification_expiry_date
          and tighter.threshold_day < l.threshold_day
          and tighter.status <> 'superseded'
     ) then 'tighter_reminder'
   end as reason
 ) as verdict
 where l.kind = 'reminder'
   and l.status in ('pending', 'queued', 'failed')
   and verdict.reason is not null;
comment on view expiry.stale_reminders is
  'Open reminders whose facts no longer hold, each with the status_reason under which it is to be superseded.';
