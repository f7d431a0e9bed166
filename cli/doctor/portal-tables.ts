import type { Client } from 'pg'
import { portalRemedy } from '../website/remedy.ts'
import { advise, counted, type Finding, fail, pass, skip } from './finding.ts'

/** Minutes that a state may wait at one place, and hours since the last reconciliation, before somebody should look. */
const patience = { minutes: 15, hours: 26 }

const outage = 'docs/runbooks/portal-outage.md'

/** Slugs of the organisations that are on the website. */
export async function publishedOrganisations(database: Client): Promise<string[]> {
  const { rows } = await database.query<{ slug: string }>(
    'select o.slug from expiry.organisations as o where o.portal_enabled order by o.slug',
  )
  return rows.map(({ slug }) => slug)
}

/** Seconds for which the portal has asked not to be asked, 0 where it may be. */
export async function patienceOnRecord(database: Client): Promise<number> {
  const { rows } = await database.query<{ seconds: number }>(
    `select extract(epoch from w.gate_until - pg_catalog.clock_timestamp())::float8 as seconds
       from expiry.portal_worker as w where w.gate_until > pg_catalog.clock_timestamp()`,
  )
  return rows[0]?.seconds ?? 0
}

/** Whether a portal-sync, wherever it runs, speaks with the portal and has lately seen it work. */
export async function isKeptUp(database: Client): Promise<boolean> {
  const { rows } = await database.query(
    `select from expiry.portal_worker as w
      where w.until > pg_catalog.clock_timestamp()
        and w.healthy_at > pg_catalog.clock_timestamp() - pg_catalog.make_interval(mins => $1)`,
    [patience.minutes],
  )
  return rows.length > 0
}

/** Whether a person has said that this environment is the right one. */
export async function checkEnvironment(database: Client, id: string, published: string[]): Promise<Finding> {
  const { rows } = await database.query<{ id: string; by: string }>(
    'select e.id, e.adopted_by as by from expiry.portal_environments as e',
  )
  const adopted = rows.find((row) => row.id === id)
  if (adopted) return pass('environment', `${id}, adopted by ${adopted.by}`)
  if (published.length === 0)
    return skip('environment', `${id}, which nobody has adopted: no organisation is on the website yet`)
  const others = rows.length === 0 ? '' : `; adopted is ${rows.map((row) => row.id).join(', ')}`
  return fail(
    'environment',
    `${id}, which nobody has adopted${others}: changes are pushed there, but a comparison only hides`,
    'see that PORTAL_URL is right; then `mentor-expiry reconcile --portal --initial`',
  )
}

type Facts = {
  isHeld: boolean
  healthyAgo: number | null
  gateCode: string | null
  gateFor: number | null
  parked: number
  due: number
  waiting: number
  sending: number
}

/** What the tables say of the sync: who speaks with the portal, what keeps it from doing so, and what stands still. */
export async function checkPortalTables(database: Client, published: string[]): Promise<Finding[]> {
  const { rows } = await database.query<Facts>(facts, [patience.minutes])
  const [found] = rows
  if (!found) throw new Error('the database did not answer')
  return [worker(found), gate(found), ...standing(found), await checkReconciliation(database, published)]
}

const facts = `
  select coalesce(w.until > pg_catalog.clock_timestamp(), false) as "isHeld",
         extract(epoch from pg_catalog.clock_timestamp() - w.healthy_at)::float8 as "healthyAgo",
         w.gate_code as "gateCode",
         extract(epoch from w.gate_until - pg_catalog.clock_timestamp())::float8 as "gateFor",
         counts.*
    from (
      select pg_catalog.count(*) filter (where p.status = 'parked')::int as parked,
             pg_catalog.count(*) filter (where p.status in ('pending', 'verifying', 'queued', 'sending'))::int + (
               select coalesce(pg_catalog.sum(pg_catalog.cardinality(r.mentor_ids)), 0)::int from expiry.portal_rechecks as r
             ) as due,
             pg_catalog.count(*) filter (
               where p.status in ('pending', 'verifying', 'queued')
                 and greatest(p.available_at, p.queued_at) < pg_catalog.now() - pg_catalog.make_interval(mins => $1)
             )::int + (
               select coalesce(pg_catalog.sum(pg_catalog.cardinality(r.mentor_ids)), 0)::int
                 from expiry.portal_rechecks as r
                where r.noted_at < pg_catalog.now() - pg_catalog.make_interval(mins => $1)
             ) as waiting,
             pg_catalog.count(*) filter (
               where p.status = 'sending' and p.lease_until < pg_catalog.now() - interval '1 minute'
             )::int as sending
        from expiry.portal_sync as p
    ) as counts
    left join expiry.portal_worker as w on true`

function worker({ isHeld, healthyAgo, due }: Facts): Finding {
  const last = healthyAgo === null ? 'the portal was never seen to work' : `the portal worked ${ago(healthyAgo)} ago`
  if (isHeld) return pass('portal-sync', `one speaks with the portal; ${last}`)
  const start = 'start one: `mentor-expiry portal-sync`'
  if (due === 0) return advise('portal-sync', `none speaks with the portal, and nothing waits for it; ${last}`, start)
  return fail(
    'portal-sync',
    `none speaks with the portal, and ${counted(due, 'mentor')} ${due === 1 ? 'waits' : 'wait'} for it; ${last}`,
    start,
  )
}

function gate({ isHeld, gateCode, gateFor }: Facts): Finding {
  if (gateFor !== null && gateFor > 0) {
    return advise('gate', `the portal asks for patience for another ${ago(gateFor)}`, 'nothing: it opens by itself')
  }
  if (gateCode === null || !isHeld) return pass('gate', 'open')
  return fail('gate', `closed (${gateCode})`, portalRemedy('contacts', gateCode))
}

function standing({ parked, waiting, sending }: Facts): Finding[] {
  const mentors = (count: number, what: string) => `${count === 0 ? 'no mentor' : counted(count, 'mentor')} ${what}`
  const line = (check: string, count: number, what: string, remedy: string) =>
    count === 0 ? pass(check, mentors(0, what)) : fail(check, mentors(count, what), remedy)
  return [
    line('parked', parked, 'whom the portal refuses', `${outage}, "Parked", says who and what to do`),
    line(
      'waiting',
      waiting,
      `waited for more than ${patience.minutes} minutes to be shown as they must be`,
      'do a listener and a portal-sync run, and does the queue answer?',
    ),
    line('sending', sending, 'began and never ended', 'a running listener takes them back within seconds'),
  ]
}

type Reconciliation = { status: string; error: string | null; ago: number; differing: number }

async function checkReconciliation(database: Client, published: string[]): Promise<Finding> {
  const check = 'reconciliation'
  const { rows } = await database.query<Reconciliation>(
    `select r.status, r.error, r.different + r.missing as differing,
            extract(epoch from pg_catalog.clock_timestamp() - r.finished_at)::float8 as ago
       from expiry.portal_reconciliations as r where r.finished_at is not null order by r.id desc limit 1`,
  )
  const [last] = rows
  const ask = 'see that a portal-sync works; `mentor-expiry reconcile --portal` makes one now'
  if (!last && published.length === 0) return skip(check, 'there has been none: no organisation is on the website yet')
  if (!last) return advise(check, 'there has been none', ask)
  const when = `${ago(last.ago)} ago`
  if (last.status === 'failed') return fail(check, `the last one failed ${when} (${last.error})`, ask)
  if (last.status === 'held') {
    return fail(
      check,
      `the last one, ${when}, holds ${counted(last.differing, 'difference')} (${last.error})`,
      'see that PORTAL_URL and PORTAL_MAPPING are right; then `mentor-expiry reconcile --portal --initial`',
    )
  }
  if (last.ago > patience.hours * 3_600) return fail(check, `the last one was ${when}`, ask)
  return pass(check, `${when}: ${counted(last.differing, 'difference')}`)
}

function ago(seconds: number): string {
  const [minutes, hours] = [Math.round(seconds / 60), Math.round(seconds / 3_600)]
  if (seconds < 120) return counted(Math.max(0, Math.round(seconds)), 'second')
  return minutes < 120 ? counted(minutes, 'minute') : counted(hours, 'hour')
}
