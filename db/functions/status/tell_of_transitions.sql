create or replace function expiry.tell_of_transitions(
  p_mentor_ids uuid[],
  p_run_id bigint,
  p_source expiry.reminder_source
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into expiry.reminder_dispatch_log
    (kind, organisation_id, mentor_id, coordinator_id, certification_id, threshold_day, certification_expiry_date, urgency,
     source, run_id, due_at, in_sending_hours, available_at, status, status_reason)
  select latest.kind, m.organisation_id, m.id, r.coordinator_id, c.id, 0, told.expiry_date,
         case latest.kind when 'lapsed' then 'urgent' else 'notice' end::expiry.reminder_urgency,
         p_source, p_run_id, (select expiry.now()) + told.after, p_source = 'nightly', pg_catalog.now() + told.after,
         case when told.recipient is null then 'failed' else 'pending' end::expiry.reminder_status,
         case when told.recipient is null then 'no_recipient' end
    from expiry.mentors as m
    join expiry.organisations as o on o.id = m.organisation_id
    join expiry.mentor_sightings as seen on seen.mentor_id = m.id
    left join expiry.certifications as c on c.mentor_id = m.id
    join expiry.sending_hours as h on h.organisation_id = o.id
    left join expiry.reachable_coordinators as r on r.coordinator_id = m.coordinator_id
   cross join lateral (
     select case
              when t.to_status = 'certification_expired' then 'lapsed'
              when t.from_status = 'certification_expired' and t.to_status in ('active', 'paused') then 'restored'
            end::expiry.reminder_kind as kind,
            t.expiry_date
       from expiry.mentor_status_transitions as t
      where t.mentor_id = m.id
      order by t.id desc
      limit 1
   ) as latest
   cross join lateral (
     select latest.expiry_date, coalesce(r.email, o.fallback_email) as recipient,
            case when p_source = 'nightly' then h.opens_in else interval '0' end as after
   ) as told
   where m.id = any (p_mentor_ids)
     and latest.kind is not null
     and (latest.kind = 'lapsed') = (told.expiry_date < ((select expiry.now()) at time zone o.zone_in_force)::date)
     and seen.was_seen_before
     and (latest.kind = 'lapsed' or exists (
       select from expiry.reminder_dispatch_log as l
        where l.mentor_id = m.id and l.kind = 'lapsed' and l.certification_expiry_date = (
          select t.expiry_date
            from expiry.mentor_status_transitions as t
           where t.mentor_id = m.id and t.to_status = 'certification_expired'
           order by t.id desc
           limit 1
        )
     ))
  on conflict (mentor_id, kind, threshold_day, certification_expiry_date) do nothing;
end;
$$;
comment on function expiry.tell_of_transitions(uuid[], bigint, expiry.reminder_source) is
  'Writes the message about each of these mentors'' latest transition: lapsed or restored, once for each expiry date, and only about a mentor whom the website could have shown; a return only after a leave that was worth one. What the brake had held until the admitted date ran out, and a certification that was taken away, are told of by that date. What the night finds waits for the organisation''s sending hours. One that was superseded is brought back by revive_messages.';
