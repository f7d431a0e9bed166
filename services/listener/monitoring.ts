import type { Pool } from 'pg'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { keepReasons } from '../../runtime/monitoring/reasons.ts'
import type { Readiness } from '../../runtime/monitoring/server.ts'
import type { Observe } from './events.ts'
import { reminders } from './routes/reminders.ts'

/** What follows the listener's events: metrics in the registry, and whether it works. */
export function monitorListener(registry: Registry): { observe: Observe; readiness: Readiness } {
  const registers = [registry]
  const queued = new Counter({
    name: 'mentor_expiry_reminders_queued_total',
    help: 'Reminders that this listener has claimed; one that a lone change makes due may begin before its claim, and is not among them',
    registers,
  })
  const claims = new Histogram({
    name: 'mentor_expiry_claim_seconds',
    help: 'Time that one batch takes from its claim to the commit, the queue included, by route',
    labelNames: ['route'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2],
    registers,
  })
  const found = new Counter({
    name: 'mentor_expiry_found_total',
    help: 'What the sweeps have found and mended: rows whose job or worker was lost, by route; mentors looked at again',
    labelNames: ['route', 'what'],
    registers,
  })
  const nights = new Counter({
    name: 'mentor_expiry_nights_total',
    help: 'Nights that this listener has run because no schedule had, by outcome',
    labelNames: ['status'],
    registers,
  })
  const reasons = keepReasons(['waiting:start', 'not_listening'])
  const observe: Observe = (event) => {
    switch (event.kind) {
      case 'waiting':
        reasons.clear('waiting:')
        return reasons.add(`waiting:${event.reason}`)
      case 'started':
        return reasons.clear('waiting:')
      case 'listening':
        return reasons.clear('not_listening')
      case 'listen_lost':
        return reasons.add('not_listening')
      case 'dispatch_failed':
        return reasons.add(`dispatch_failed:${event.route}`)
      case 'dispatch_recovered':
        return reasons.clear(`dispatch_failed:${event.route}`)
      case 'dispatched':
        if (event.route === reminders.name) queued.inc(event.count)
        return claims.observe({ route: event.route }, event.milliseconds / 1_000)
      case 'queue_wiped':
      case 'jobs_lost':
      case 'rescued':
        return found.inc({ route: event.route, what: event.kind }, event.count)
      case 'rechecked':
        return found.inc({ what: event.kind }, event.count)
      case 'nightly_ended':
        return nights.inc({ status: event.status })
    }
  }
  return { observe, readiness: reasons.readiness }
}

type Row = { status: string; reason: string; count: number; oldest: number | null }

/**
 * Gauges that are read from the tables when they are asked for, at most every five seconds: open and failed reminders,
 * the oldest pending one, organisations whose night is late, open alerts and what was told of them. Finished reminders are not counted: that
 * would read the whole log.
 */
export function monitorTables(registry: Registry, pool: Pick<Pool, 'query'>): void {
  // Each of them waits for the same look, or the first answer would tell of what was before it.
  const shared = { registers: [registry], collect: () => refresh() }
  const reminders = new Gauge({
    name: 'mentor_expiry_reminders',
    help: 'Reminders that are not at their end, by status and reason',
    labelNames: ['status', 'reason'],
    ...shared,
  })
  const oldest = new Gauge({
    name: 'mentor_expiry_oldest_pending_seconds',
    help: 'How long the longest waiting reminder could have been queued; 0 when none waits',
    ...shared,
  })
  const portal = new Gauge({
    name: 'mentor_expiry_portal_syncs',
    help: 'Mentors whose state the website has not acknowledged, by status',
    labelNames: ['status'],
    ...shared,
  })
  const late = new Gauge({
    name: 'mentor_expiry_organisations_late',
    help: 'Organisations whose night nobody has run in time',
    ...shared,
  })
  const alerts = new Gauge({
    name: 'mentor_expiry_alerts_open',
    help: 'Open alerts by kind',
    labelNames: ['kind'],
    ...shared,
  })
  const told = new Gauge({
    name: 'mentor_expiry_alert_told_timestamp_seconds',
    help: 'When a destination was last told of an alert, in seconds since 1970',
    labelNames: ['destination'],
    ...shared,
  })
  const untold = new Gauge({
    name: 'mentor_expiry_alerts_untold',
    help: 'Open alerts that a destination could not be told of until now',
    labelNames: ['destination'],
    ...shared,
  })
  const answered = new Gauge({
    name: 'mentor_expiry_database_up',
    help: 'Whether the tables could be read for this answer',
    ...shared,
  })
  let read = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | undefined
  const refresh = () => {
    reading ??= look().finally(() => {
      reading = undefined
    })
    return reading
  }
  const look = async () => {
    if (performance.now() - read < 5_000) return
    try {
      const [rows, facts, open, notices, syncs] = [
        await pool.query<Row>(openRows),
        await pool.query<{ late: number }>(lateNights),
        await pool.query<{ kind: string; count: number }>(openAlerts),
        await pool.query<{ destination: string; told: number | null; untold: number }>(toldAlerts),
        await pool.query<{ status: string; count: number }>(openSyncs),
      ]
      reminders.reset()
      alerts.reset()
      portal.reset()
      for (const { status, count } of syncs.rows) portal.set({ status }, count)
      for (const { status, reason, count } of rows.rows) reminders.set({ status, reason }, count)
      oldest.set(Math.max(0, ...rows.rows.map((row) => row.oldest ?? 0)))
      late.set(facts.rows[0]?.late ?? 0)
      for (const { kind, count } of open.rows) alerts.set({ kind }, count)
      for (const { destination, told: at, untold: count } of notices.rows) {
        told.set({ destination }, at ?? 0)
        untold.set({ destination }, count)
      }
      answered.set(1)
      read = performance.now()
    } catch {
      answered.set(0)
    }
  }
}

const openRows = `
  select l.status::text as status, coalesce(l.status_reason, '') as reason, pg_catalog.count(*)::int as count,
         pg_catalog.max(extract(epoch from pg_catalog.now() - l.available_at)) filter (where l.status = 'pending')::float8 as oldest
    from expiry.reminder_dispatch_log as l
   where l.status in ('pending', 'queued', 'sending', 'failed')
   group by 1, 2`

const lateNights = `
  select pg_catalog.count(*)::int as late from expiry.nightly_owed() as o where o.late_at <= expiry.now()`

const openAlerts = `
  select a.kind, pg_catalog.count(*)::int as count from expiry.operations_alerts as a where a.resolved_at is null group by 1`

const openSyncs = `
  select open.status, pg_catalog.sum(open.count)::int as count
    from (
      select p.status, pg_catalog.count(*) as count
        from expiry.portal_sync as p
       where p.status in ('pending', 'verifying', 'queued', 'sending', 'parked')
       group by 1
      union all
      select 'pending', pg_catalog.cardinality(r.mentor_ids) from expiry.portal_rechecks as r
    ) as open
   group by 1`

const toldAlerts = `
  select n.destination, extract(epoch from pg_catalog.max(n.told_at))::float8 as told,
         pg_catalog.count(*) filter (where n.notices = 0 and n.failures > 0 and a.resolved_at is null)::int as untold
    from expiry.alert_notices as n join expiry.operations_alerts as a on a.id = n.alert_id group by 1`
