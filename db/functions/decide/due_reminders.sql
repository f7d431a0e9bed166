create or replace view expiry.due_reminders as
select m.organisation_id,
       m.id as mentor_id,
       c.id as certification_id,
       stands.expiry_date,
       stands.expiry_date - clock.today as days_left,
       due.threshold_day,
       due.urgency,
       due.escalate,
       (stands.expiry_date - due.threshold_day + coalesce(o.send_from, time '00:00')) at time zone o.zone_in_force as window_opened_at,
       r.coordinator_id,
       coalesce(r.email, o.fallback_email) as recipient_email
  from expiry.mentors as m
  join expiry.organisations as o on o.id = m.organisation_id
  left join expiry.certifications as c on c.mentor_id = m.id
  left join expiry.held_expiries as h on h.mentor_id = m.id
 cross join lateral (select coalesce(h.admitted_date, c.expiry_date) as expiry_date) as stands
 cross join lateral (select ((select expiry.now()) at time zone o.zone_in_force)::date as today) as clock
 cross join lateral (
   select e.threshold_day, e.urgency, e.escalate
     from expiry.effective_thresholds as e
    where e.organisation_id = m.organisation_id
      and e.threshold_day >= stands.expiry_date - clock.today
      -- A threshold brought in by a change does not reach back to a mentor already inside its window who had been
      -- reminded about this expiry date: nobody is told again because a number changed.
      and not (
        e.introduced_at is not null
        and stands.expiry_date - e.threshold_day <= (e.introduced_at at time zone o.zone_in_force)::date
        and exists (
          select from expiry.reminder_dispatch_log as l
           where l.mentor_id = m.id
             and l.kind = 'reminder'
             and l.certification_expiry_date = stands.expiry_date
             and l.status in ('pending', 'queued', 'sending', 'sent')
             and l.created_at <= e.recorded_at
        )
      )
    order by e.threshold_day
    limit 1
 ) as due
  left join expiry.reachable_coordinators as r on r.coordinator_id = m.coordinator_id
 where m.status in ('active', 'paused')
   and stands.expiry_date >= clock.today;
comment on view expiry.due_reminders is
  'For each eligible mentor whose certification is valid, the one threshold that applies now: the smallest that is at least the days left. Says nothing about whether it is accounted for.';
