import type { Client } from 'pg'
import { advise, counted, type Finding, fail, pass } from './finding.ts'

/** Minutes that a reminder may wait at one place before somebody should look. */
const patience = 15

type Counts = {
  pending: number
  queued: number
  sending: number
  brokenOff: number
  uncovered: number
  rechecks: number
  duplicates: number
  undeliverable: number
  uncertified: number
  alerts: { kind: string; severity: string }[]
}

/** Rows that stand still, facts that keep somebody from being reminded, and alerts that are open. */
export async function checkReminders(database: Client): Promise<Finding[]> {
  const { rows } = await database.query<Counts>(counts, [patience])
  const [found] = rows
  if (!found) throw new Error('the database did not answer')
  const late = `for more than ${patience} minutes`
  return [
    none('pending', found.pending, `waited ${late} to be queued`, 'is a listener running, and does the queue answer?'),
    none('queued', found.queued, `waited ${late} in the queue`, 'is a notifier running, and does its channel work?'),
    none('sending', found.sending, 'began and never ended', 'a running listener takes them back within seconds'),
    none(
      'broken off',
      found.brokenOff,
      'ended three notifiers in a row, or left them without an answer',
      'docs/runbooks/sends-broken-off.md; select * from expiry.broken_off_reminders',
    ),
    none('uncovered', found.uncovered, 'due and not accounted for', 'select * from expiry.uncovered_reminders'),
    found.rechecks === 0
      ? pass('rechecks', `no mentor waited ${late} to be looked at again`)
      : fail(
          'rechecks',
          `${counted(found.rechecks, 'mentor')} waited ${late} to be looked at again`,
          'is a listener running? select * from expiry.mentor_rechecks',
        ),
    note(
      'duplicates',
      found.duplicates,
      'of one certification period twice',
      'select * from expiry.duplicate_reminders',
    ),
    note(
      'recipients',
      found.undeliverable,
      'failed for want of a recipient',
      'give the mentors a coordinator with an address, or the organisation a fallback_email; they go out by themselves',
    ),
    found.uncertified === 0
      ? pass('certifications', 'every active mentor has one')
      : advise(
          'certifications',
          `${counted(found.uncertified, 'active mentor')} without one, whom nobody is reminded about`,
          'record their expiry dates in expiry.certifications',
        ),
    describeAlerts(found.alerts),
  ]
}

/** A warning is worth a thought, and whoever gets alerts has been told of it. */
function describeAlerts(alerts: Counts['alerts']): Finding {
  if (alerts.length === 0) return pass('alerts', 'none open')
  const isCritical = alerts.some(({ severity }) => severity === 'critical')
  return (isCritical ? fail : advise)(
    'alerts',
    `open: ${alerts.map(({ kind }) => kind).join(', ')}`,
    'select * from expiry.operations_alerts where resolved_at is null',
  )
}

const counts = `
  select (select pg_catalog.count(*)::int from expiry.reminder_dispatch_log as l
           where l.status = 'pending' and l.available_at < pg_catalog.now() - pg_catalog.make_interval(mins => $1)) as pending,
         (select pg_catalog.count(*)::int from expiry.reminder_dispatch_log as l
           where l.status = 'queued' and l.queued_at < pg_catalog.now() - pg_catalog.make_interval(mins => $1)) as queued,
         (select pg_catalog.count(*)::int from expiry.reminder_dispatch_log as l
           where l.status = 'sending' and l.lease_until < pg_catalog.now() - interval '1 minute') as sending,
         (select pg_catalog.count(*)::int from expiry.broken_off_reminders) as "brokenOff",
         (select pg_catalog.count(*)::int from expiry.uncovered_reminders as u
            join expiry.organisations as o on o.id = u.organisation_id
           where o.processed_on = expiry.today(o.id)) as uncovered,
         (select pg_catalog.count(distinct r.mentor_id)::int from expiry.mentor_rechecks as r
           where r.requested_at < pg_catalog.now() - pg_catalog.make_interval(mins => $1)) as rechecks,
         (select pg_catalog.count(*)::int from expiry.duplicate_reminders) as duplicates,
         (select pg_catalog.count(*)::int from expiry.reminder_dispatch_log as l
           where l.status = 'failed' and l.status_reason = 'no_recipient') as undeliverable,
         (select pg_catalog.count(*)::int from expiry.mentors as m
           where m.status = 'active'
             and not exists (select from expiry.certifications as c where c.mentor_id = m.id)) as uncertified,
         coalesce((
           select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('kind', a.kind, 'severity', a.severity) order by a.opened_at)
             from expiry.operations_alerts as a where a.resolved_at is null
         ), '[]') as alerts`

function none(check: string, count: number, what: string, remedy: string): Finding {
  return count === 0 ? pass(check, `no reminder ${what}`) : fail(check, `${counted(count, 'reminder')} ${what}`, remedy)
}

function note(check: string, count: number, what: string, remedy: string): Finding {
  return count === 0
    ? pass(check, `no reminder ${what}`)
    : advise(check, `${counted(count, 'reminder')} ${what}`, remedy)
}
