import { localTo } from '../times.ts'
import { websiteExpression } from '../website/facts-query.ts'

const local = localTo('o.zone_in_force')
const list = (items: string, order: string, source: string) =>
  `coalesce((select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(${items}) order by ${order}) from ${source}), '[]')`

const history = list(
  `'at', ${local('h.changed_at')}, 'from', h.old_expiry_date, 'to', h.new_expiry_date, 'actor', h.actor`,
  'h.id',
  'expiry.certification_history as h where h.mentor_id = m.id',
)

/** Since when the date that stands has been recorded; null where the certification that had it was taken away. */
const dateSetOn = `(coalesce(
  (select pg_catalog.max(h.changed_at) from expiry.certification_history as h where h.mentor_id = m.id and h.new_expiry_date = s.standing_date),
  case
    when c.expiry_date = s.standing_date or exists (
      select from expiry.certification_history as h where h.certification_id = c.id and h.old_expiry_date = s.standing_date
    ) then c.created_at
  end
) at time zone o.zone_in_force)::date`

const thresholds = list(
  `'thresholdDay', e.threshold_day, 'urgency', e.urgency,
   'introducedOn', (e.introduced_at at time zone o.zone_in_force)::date,
   'from', s.standing_date - e.threshold_day, 'until', s.standing_date - coalesce(e.tighter + 1, 0)`,
  'e.threshold_day desc',
  `(select e.*, pg_catalog.lag(e.threshold_day) over (order by e.threshold_day) as tighter
      from expiry.effective_thresholds as e where e.organisation_id = o.id) as e`,
)

const attempts = list(
  `'attempt', a.attempt, 'channel', a.channel, 'outcome', a.outcome, 'code', a.response, 'at', ${local('a.finished_at')},
   'recipientKind', a.recipient_kind, 'recipient', a.recipient_email`,
  'a.attempt, a.channel',
  'expiry.reminder_delivery_attempts as a where a.log_id = l.id',
)

const reminders = list(
  `'id', l.id, 'kind', l.kind, 'thresholdDay', l.threshold_day, 'expiryDate', l.certification_expiry_date,
   'urgency', l.urgency, 'source', l.source, 'runId', l.run_id, 'createdAt', ${local('l.created_at')},
   'status', l.status, 'reason', l.status_reason,
   'pausedUntil', case when l.status = 'pending' and l.available_at > pg_catalog.now()
     then ${local('coalesce(w.until, l.available_at)')} end,
   'waitsForHours', w.id is not null,
   'queuedAt', ${local('l.queued_at')}, 'claimedAt', ${local('l.claimed_at')}, 'leaseUntil', ${local('l.lease_until')},
   'sentAt', ${local('l.sent_at')}, 'recipient', l.recipient_email, 'lastError', l.last_error,
   'retriedBy', l.retried_by, 'attempts', ${attempts}`,
  'l.certification_expiry_date desc, l.threshold_day desc, l.id',
  'expiry.reminder_dispatch_log as l left join expiry.waiting_reminders as w on w.id = l.id where l.mentor_id = m.id',
)

const transitions = list(
  `'at', ${local('t.at')}, 'from', t.from_status, 'to', t.to_status, 'reason', t.reason, 'actor', t.actor,
   'runId', t.run_id, 'wasVisible', t.was_visible`,
  't.id',
  'expiry.mentor_status_transitions as t where t.mentor_id = m.id',
)

const next = list(
  `'kind', n.kind, 'outcome', n.outcome, 'thresholdDay', n.threshold_day, 'dueOn', n.due_on,
   'dueFrom', pg_catalog.to_char(n.due_from, 'HH24:MI'), 'recipient', n.recipient, 'reminderId', n.log_id`,
  `n.due_on nulls first, n.kind = 'reminder', n.threshold_day desc, n.log_id`,
  `(
     select 'reminder'::expiry.reminder_kind as kind, f.threshold_day, f.due_on, null::time as due_from, f.log_id, f.recipient, f.outcome
       from expiry.forecast_reminders(36500, m.id) as f
      union all
     select f.kind, null, f.due_on, f.due_from, f.log_id, f.recipient, f.outcome from expiry.forecast_messages(36500, m.id) as f
      union all
     select 'lapsed', null, coalesce(f.told_on, f.leaves_on), f.told_from, f.log_id, f.recipient, f.message
       from expiry.forecast_departures(36500, m.id) as f
   ) as n`,
)

/** One mentor ($1) with everything that bears on the reminders, as one JSON value: the shape is in facts.ts. */
export const factsQuery = `
  select pg_catalog.jsonb_build_object(
           'organisation', pg_catalog.jsonb_build_object(
             'slug', o.slug, 'name', o.name, 'timeZone', o.zone_in_force,
             'unknownZone', nullif(o.time_zone, o.zone_in_force), 'today', expiry.today(o.id),
             'fallbackEmail', o.fallback_email,
             'sendingHours', pg_catalog.to_char(o.send_from, 'HH24:MI') || ' to ' || pg_catalog.to_char(o.send_until, 'HH24:MI')
           ),
           'mentor', pg_catalog.jsonb_build_object(
             'id', m.id, 'ref', coalesce(m.external_ref, m.id::text), 'name', m.full_name, 'status', m.status,
             'pausedUntil', m.paused_until,
             'removal', case when m.removal_requested_at is not null then pg_catalog.jsonb_build_object(
               'at', ${local('m.removal_requested_at')}, 'by', m.removal_requested_by
             ) end,
             'isNoted', exists (select from expiry.mentor_rechecks as r where r.mentor_id = m.id)
           ),
           'standing', pg_catalog.jsonb_build_object(
             'wantedStatus', s.wanted_status, 'date', s.standing_date, 'leavesOn', s.standing_date + 1,
             'daysLeft', s.standing_date - expiry.today(o.id), 'dateSetOn', ${dateSetOn},
             'isVisible', s.is_visible,
             'isPausedOnReturn', coalesce(m.paused_until > expiry.today(o.id), (
               select t.from_status = 'paused'
                 from expiry.mentor_status_transitions as t
                where t.mentor_id = m.id and t.to_status = 'certification_expired'
                order by t.id desc
                limit 1
             ), false)
           ),
           'brake', (
             select pg_catalog.jsonb_build_object(
                      'verdict', b.verdict, 'recordedDate', c.expiry_date, 'admittedDate', b.admitted_date,
                      'since', ${local('b.recorded_at')}, 'decidedBy', b.decided_by
                    )
               from expiry.backdated_expiries as b
              where b.mentor_id = m.id and b.admitted_date is not null
           ),
           'transitions', ${transitions},
           'coordinator', case when co.id is not null then pg_catalog.jsonb_build_object(
             'name', co.full_name, 'email', co.email, 'active', co.active
           ) end,
           'certification', case when c.id is not null then pg_catalog.jsonb_build_object(
             'expiryDate', c.expiry_date, 'daysLeft', c.expiry_date - expiry.today(o.id),
             'recordedAt', ${local('c.created_at')}
           ) end,
           'history', ${history},
           'thresholds', ${thresholds},
           'dueThreshold', (select d.threshold_day from expiry.due_reminders as d where d.mentor_id = m.id),
           'reminders', ${reminders},
           'next', ${next},
           'website', ${websiteExpression}
         ) as facts
    from expiry.mentors as m
    join expiry.organisations as o on o.id = m.organisation_id
    join expiry.mentor_standing as s on s.mentor_id = m.id
    left join expiry.coordinators as co on co.id = m.coordinator_id
    left join expiry.certifications as c on c.mentor_id = m.id
   where m.id = $1`
