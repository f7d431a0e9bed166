import type { Client } from 'pg'
import type { Database } from '../support/database.ts'
import { type MentorStatus, only, setClock } from '../support/people.ts'
import type { Instant } from './calendar.ts'

/** The product itself: one connection to a database of its own, and the thresholds that it comes with. */
export type Real = { client: Client; delivered: { threshold: number; urgency: string; escalate: boolean }[] }

/** What there is to see: every row of the log and the self-checks. */
export type Found = {
  rows: FoundRow[]
  standing: FoundMentor[]
  /** Open alerts about held expiries, and of how many they tell. */
  alerts: { organisation: string; count: number }[]
  uncovered: { mentor: string; threshold: number }[]
  /** Ids of rows. */
  stale: number[]
  /** Ids of rows that the real clock holds back after a failed attempt; the model knows no such pauses. */
  putOff: number[]
  /** The last local day, `YYYY-MM-DD`, whose night an organisation has had. */
  nights: { organisation: string; day: string | null }[]
  /** Keys accepted more than once by one channel. */
  doubled: number
}

export type FoundRow = {
  id: number
  mentor: string
  kind: string
  threshold: number
  /** `YYYY-MM-DD` */
  expiry: string
  status: string
  failure: string | null
  generation: number
}

export type FoundMentor = {
  mentor: string
  organisation: string
  status: MentorStatus
  /** Dates are `YYYY-MM-DD`. */
  pausedUntil: string | null
  until: string | null
  isVisible: boolean
  /** What the brake or a person says of a date that a change of data took away or moved into the past. */
  verdict: string | null
  /** Each change of status with its reason, the first one first. */
  transitions: string[]
}

export async function openReal(database: Database): Promise<Real> {
  const client = await database.connect()
  const { rows } = await client.query<Real['delivered'][number]>(
    `select threshold_day as threshold, urgency, escalate from expiry.reminder_thresholds
      where organisation_id is null order by threshold_day`,
  )
  return { client, delivered: rows }
}

/** Forgets everybody and everything but the thresholds that the product comes with, and sets the clock. */
export async function resetReal({ client, delivered }: Real, now: Instant): Promise<void> {
  await client.query(`
    truncate expiry.organisations, expiry.reminder_thresholds, expiry.certification_history, expiry.mentor_rechecks,
             expiry.mentor_status_transitions,
             expiry.expiry_runs, expiry.operations_alerts, expiry.clock_override
      restart identity cascade`)
  await client.query(
    `insert into expiry.reminder_thresholds (threshold_day, urgency, escalate)
     select d.threshold, d.urgency, d.escalate
       from jsonb_to_recordset($1) as d (threshold integer, urgency expiry.reminder_urgency, escalate boolean)`,
    [JSON.stringify(delivered)],
  )
  await setClock(client, new Date(now).toISOString())
}

/** Reads the log and the self-checks in one snapshot. */
export async function look({ client }: Real): Promise<Found> {
  const { rows } = await client.query<{ found: Found }>(`
    select jsonb_build_object(
      'rows', (
        select coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'mentor', l.mentor_id, 'kind', l.kind, 'threshold', l.threshold_day,
                 'expiry', l.certification_expiry_date, 'status', l.status, 'generation', l.generation,
                 'failure', case when l.status = 'failed' then l.status_reason end)), '[]')
          from expiry.reminder_dispatch_log as l),
      'standing', (
        select coalesce(jsonb_agg(jsonb_build_object('mentor', s.mentor_id, 'organisation', s.organisation_id,
                 'status', s.status, 'pausedUntil', m.paused_until, 'until', s.standing_date, 'isVisible', s.is_visible,
                 'verdict', b.verdict, 'transitions', (
                   select coalesce(jsonb_agg(t.from_status || ' → ' || t.to_status || ' (' || t.reason || ')' order by t.id), '[]')
                     from expiry.mentor_status_transitions as t where t.mentor_id = s.mentor_id))), '[]')
          from expiry.mentor_standing as s
          join expiry.mentors as m on m.id = s.mentor_id
          left join expiry.backdated_expiries as b on b.mentor_id = s.mentor_id and b.admitted_date is not null),
      'alerts', (
        select coalesce(jsonb_agg(jsonb_build_object('organisation', a.details ->> 'organisation', 'count', a.details -> 'count')), '[]')
          from expiry.operations_alerts as a where a.kind = 'expiries_held' and a.resolved_at is null),
      'uncovered', (
        select coalesce(jsonb_agg(jsonb_build_object('mentor', u.mentor_id, 'threshold', u.threshold_day)), '[]')
          from expiry.uncovered_reminders as u),
      'stale', (select coalesce(jsonb_agg(s.id), '[]') from expiry.stale_reminders as s),
      'nights', (
        select coalesce(jsonb_agg(jsonb_build_object('organisation', o.id, 'day', o.processed_on)), '[]')
          from expiry.organisations as o),
      'putOff', (
        select coalesce(jsonb_agg(l.id), '[]') from expiry.reminder_dispatch_log as l where l.available_at > now()),
      'doubled', (
        select count(*)
          from (select from expiry.reminder_delivery_attempts as a where a.outcome = 'accepted'
                 group by a.log_id, a.channel having count(*) > 1) as twice)
    ) as found`)
  return only(rows).found
}
