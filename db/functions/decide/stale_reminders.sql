create or replace view expiry.stale_reminders as
select l.id, l.mentor_id, l.organisation_id, l.status, verdict.reason
  from expiry.reminder_dispatch_log as l
  join expiry.mentors as m on m.id = l.mentor_id
  join expiry.organisations as o on o.id = m.organisation_id
  left join expiry.certifications as c on c.mentor_id = l.mentor_id
  left join expiry.held_expiries as h on h.mentor_id = l.mentor_id
 cross join lateral (select coalesce(h.admitted_date, c.expiry_date) as expiry_date) as stands
 cross join lateral (
   select case
     when l.kind = 'lapsed' then case
       when m.status = 'certification_expired' then null
       when m.status in ('active', 'paused') then 'renewed'
       else 'not_eligible'
     end
     when l.kind = 'restored' then case m.status
       when 'certification_expired' then 'lapsed'
       when 'inactive' then 'not_eligible'
     end
     when stands.expiry_date > l.certification_expiry_date then 'renewed'
     when stands.expiry_date < l.certification_expiry_date then 'date_moved'
     when stands.expiry_date < ((select expiry.now()) at time zone o.time_zone)::date then 'lapsed'
     when stands.expiry_date is null or m.status not in ('active', 'paused') then 'not_eligible'
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
 where l.status in ('pending', 'queued', 'failed')
   and verdict.reason is not null;
comment on view expiry.stale_reminders is
  'Open reminders, and messages about leaving and re-entering service, whose facts no longer hold, each with the status_reason under which it is to be superseded.';
