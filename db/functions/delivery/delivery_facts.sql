create or replace view expiry.delivery_facts as
select l.id,
       case
         when stale.reason is not null then 'superseded'
         when coalesce(r.email, o.fallback_email) is null then 'no_recipient'
         else 'begun'
       end as verdict,
       stale.reason,
       r.coordinator_id,
       coalesce(r.email, o.fallback_email) as recipient_email,
       pg_catalog.jsonb_build_object(
         'id', l.id,
         'mentorKey', pg_catalog.md5(l.mentor_id::text),
         'kind', l.kind,
         'urgency', l.urgency,
         'thresholdDay', l.threshold_day,
         'keyDate', l.certification_expiry_date,
         'expiryDate', told.expiry_date,
         'daysLeft', told.expiry_date - ((select expiry.now()) at time zone o.time_zone)::date,
         'dueAt', l.due_at,
         'organisation', pg_catalog.jsonb_build_object('slug', o.slug, 'name', o.name, 'locale', o.locale),
         'mentor', pg_catalog.jsonb_build_object(
           'id', m.id, 'ref', coalesce(m.external_ref, m.id::text), 'name', m.full_name, 'urlTemplate', o.mentor_url
         ),
         'standing', case when l.kind <> 'reminder' then pg_catalog.jsonb_build_object(
           'status', m.status,
           'since', coalesce((
             select (t.at at time zone o.time_zone)::date
               from expiry.mentor_status_transitions as t
              where t.mentor_id = m.id
              order by t.id desc
              limit 1
           ), ((select expiry.now()) at time zone o.time_zone)::date),
           'pausedUntil', case when m.status = 'paused' then m.paused_until end
         ) end,
         'recipient', pg_catalog.jsonb_build_object(
           'kind', case when r.email is null then 'fallback' else 'coordinator' end,
           'name', r.full_name,
           'email', coalesce(r.email, o.fallback_email),
           'locale', coalesce(r.locale, o.locale)
         ),
         'escalationEmail', case when l.escalate then o.escalation_email end,
         'acceptedChannels', array(
           select a.channel from expiry.reminder_delivery_attempts as a where a.log_id = l.id and a.outcome = 'accepted'
         )
       ) as delivery,
       m.organisation_id
  from expiry.reminder_dispatch_log as l
  join expiry.mentors as m on m.id = l.mentor_id
  join expiry.organisations as o on o.id = m.organisation_id
  left join expiry.reachable_coordinators as r on r.coordinator_id = m.coordinator_id
  left join expiry.certifications as c on c.mentor_id = l.mentor_id
 cross join lateral (
   -- Who is back in service is told of the date that counts now: the one last admitted while the brake holds another.
   select case l.kind
            when 'restored' then coalesce(
              (select h.admitted_date from expiry.held_expiries as h where h.mentor_id = m.id),
              c.expiry_date, l.certification_expiry_date
            )
            else l.certification_expiry_date
          end as expiry_date
 ) as told
  left join lateral (
    select s.reason from expiry.stale_reminders as s where s.id = l.id
    union all
    select 'tighter_reminder'
      from expiry.due_reminders as d
     where l.kind = 'reminder'
       -- Asked first, because what is due costs more than all the rest: without such a threshold none can have taken over.
       and exists (
         select from expiry.effective_thresholds as e
          where e.organisation_id = m.organisation_id
            and e.threshold_day < l.threshold_day
            and e.threshold_day >= l.certification_expiry_date - ((select expiry.now()) at time zone o.time_zone)::date
       )
       and d.mentor_id = l.mentor_id
       and d.expiry_date = l.certification_expiry_date
       and d.threshold_day < l.threshold_day
    limit 1
  ) as stale on true;
comment on view expiry.delivery_facts is
  'What begin must know about a reminder at the moment of the send: whether its facts hold, who gets it now, and the words'' ingredients. A row whose window a tighter threshold has taken over is stale even before that one''s row is written.';
