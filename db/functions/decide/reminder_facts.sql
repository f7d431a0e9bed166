create or replace view expiry.reminder_facts as
select l.id,
       l.generation,
       l.kind,
       l.organisation_id,
       l.mentor_id,
       l.threshold_day,
       l.certification_expiry_date,
       l.urgency,
       l.escalate,
       l.status,
       l.attempts,
       l.due_at,
       l.refused_channels,
       l.recipient_email as last_recipient_email,
       l.in_sending_hours,
       m.organisation_id as mentor_organisation_id,
       m.coordinator_id,
       m.external_ref,
       m.full_name,
       m.status as mentor_status,
       m.paused_until,
       o.slug,
       o.name as organisation_name,
       o.locale as organisation_locale,
       o.zone_in_force as time_zone,
       o.fallback_email,
       o.escalation_email,
       o.mentor_url,
       clock.today,
       stands.expiry_date as standing_expiry_date,
       verdict.reason as stale_reason
  from expiry.reminder_dispatch_log as l
  join expiry.mentors as m on m.id = l.mentor_id
  join expiry.organisations as o on o.id = m.organisation_id
  left join expiry.certifications as c on c.mentor_id = l.mentor_id
  left join expiry.held_expiries as h on h.mentor_id = l.mentor_id
 cross join lateral (select coalesce(h.admitted_date, c.expiry_date) as expiry_date) as stands
 -- Kept apart, or each mention of it would be a question of its own to the clock.
 cross join lateral (select ((select expiry.now()) at time zone o.zone_in_force)::date as today offset 0) as clock
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
     when stands.expiry_date < clock.today then 'lapsed'
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
 ) as verdict;
comment on view expiry.reminder_facts is
  'Each row of the log with what the rules know about it now: its mentor, organisation and the date that stands, and why it is to be superseded (stale_reason, a status_reason; null while its facts hold).';
