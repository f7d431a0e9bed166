create or replace view expiry.delivery_facts as
select f.id,
       f.generation,
       f.status,
       f.in_sending_hours,
       case
         when stale.reason is not null then 'superseded'
         when recipient.email is null then 'no_recipient'
         else 'begun'
       end as verdict,
       stale.reason,
       f.mentor_id,
       f.mentor_organisation_id as organisation_id,
       r.coordinator_id,
       f.attempts + 1 as attempt,
       case when f.last_recipient_email = recipient.email then f.refused_channels end as refused_channels,
       case when f.attempts > 0 then array(
         select a.channel from expiry.reminder_delivery_attempts as a where a.log_id = f.id and a.outcome = 'accepted'
       ) end as accepted_channels,
       pg_catalog.md5(f.mentor_id::text) as mentor_key,
       f.kind,
       f.urgency,
       f.threshold_day,
       f.certification_expiry_date as key_date,
       told.expiry_date,
       told.expiry_date - f.today as days_left,
       f.due_at,
       f.slug as organisation_slug,
       f.organisation_name,
       f.organisation_locale,
       coalesce(f.external_ref, f.mentor_id::text) as mentor_ref,
       f.full_name as mentor_name,
       f.mentor_url,
       f.mentor_status,
       case when f.kind <> 'reminder' then coalesce((
         select (t.at at time zone f.time_zone)::date
           from expiry.mentor_status_transitions as t
          where t.mentor_id = f.mentor_id
          order by t.id desc
          limit 1
       ), f.today) end as status_since,
       case when f.mentor_status = 'paused' then f.paused_until end as paused_until,
       r.full_name as recipient_name,
       recipient.email as recipient_email,
       coalesce(r.locale, f.organisation_locale) as recipient_locale,
       case when f.escalate then f.escalation_email end as escalation_email
  from expiry.reminder_facts as f
  left join expiry.reachable_coordinators as r on r.coordinator_id = f.coordinator_id
 cross join lateral (select coalesce(r.email, f.fallback_email) as email) as recipient
 cross join lateral (
   -- Who is back in service is told of the date that counts now: the one last admitted while the brake holds another.
   select case f.kind
            when 'restored' then coalesce(f.standing_expiry_date, f.certification_expiry_date)
            else f.certification_expiry_date
          end as expiry_date
 ) as told
 cross join lateral (
   select coalesce(
     f.stale_reason,
     -- Asked first, because what is due costs more than all the rest: without such a threshold none can have taken over.
     case when f.kind = 'reminder' and exists (
       select from expiry.effective_thresholds as e
        where e.organisation_id = f.mentor_organisation_id
          and e.threshold_day < f.threshold_day
          and e.threshold_day >= f.certification_expiry_date - f.today
     ) and expiry.is_tighter_reminder_due(f.mentor_id, f.certification_expiry_date, f.threshold_day) then 'tighter_reminder' end
   ) as reason
   offset 0 -- or it would be worked out once for each mention
 ) as stale;
comment on view expiry.delivery_facts is
  'What begin must know about a reminder at the moment of the send: whether its facts hold, who gets it now, and the words'' ingredients. A row whose window a tighter threshold has taken over is stale even before that one''s row is written.';
