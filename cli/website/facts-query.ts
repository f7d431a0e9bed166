import type { Client } from 'pg'
import { type Format, iso, localTo } from '../times.ts'
import { Website } from './facts.ts'

/** Attempts that are read. */
const most = 10

/** Who speaks with the portal, as an SQL expression. */
export function speakerExpression(local: Format): string {
  return `(
    select pg_catalog.jsonb_build_object(
             'isLive', w.until > pg_catalog.clock_timestamp(), 'gateCode', w.gate_code,
             'gateUntil', case when w.gate_until > pg_catalog.clock_timestamp() then ${local('w.gate_until')} end,
             'healthyAt', ${local('w.healthy_at')}, 'checkedAt', ${local('w.checked_at')}
           )
      from expiry.portal_worker as w
  )`
}

/** The use of break-glass-sync that made the attempt a. */
const byHand = `(
    select pg_catalog.jsonb_build_object('record', b.id, 'actor', b.actor, 'reason', b.reason)
      from pg_catalog.jsonb_array_elements(a.steps) as s (value)
      join expiry.portal_break_glass as b on b.id::text = s.value ->> 'code'
     where s.value ->> 'step' = 'break_glass'
  )`

const acknowledgedByHand = `(
    select ${byHand}
      from (
        select l.steps from expiry.portal_sync_attempts as l
         where l.mentor_id = m.id and l.outcome = 'acknowledged' order by l.attempt desc limit 1
      ) as a
  )`

const sync = (local: Format) => `(
    select pg_catalog.jsonb_build_object(
             'status', p.status, 'version', p.desired_version, 'desired', p.desired, 'since', ${local('p.changed_at')},
             'syncedVersion', p.synced_version, 'acknowledgedAt', ${local('p.synced_at')},
             'acknowledgedByHand', ${acknowledgedByHand},
             'effectBy', ${local(`(p.synced_at + interval '15 minutes')`)},
             'searchBy', ${local(`(p.synced_at + interval '30 minutes')`)},
             'pausedUntil', case when p.available_at > pg_catalog.clock_timestamp() then ${local('p.available_at')} end,
             'queuedAt', ${local('p.queued_at')}, 'unsureUntil', ${local('p.unsure_until')},
             'requestedBy', p.requested_by, 'lastError', p.last_error
           )
      from expiry.portal_sync as p
     where p.mentor_id = m.id
  )`

const steps = (local: Format) => `(
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
             'step', s.value ->> 'step', 'code', s.value ->> 'code', 'at', ${local(`(s.value ->> 'at')::timestamptz`)}
           ) order by s.place), '[]')
      from pg_catalog.jsonb_array_elements(a.steps) with ordinality as s (value, place)
  )`

const attempts = (local: Format) => `(
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
             'version', a.version, 'attempt', a.attempt, 'outcome', a.outcome, 'code', a.code,
             'finishedAt', ${local('a.finished_at')}, 'byHand', ${byHand}, 'steps', ${steps(local)}
           ) order by a.attempt), '[]')
      from (
        select l.* from expiry.portal_sync_attempts as l where l.mentor_id = m.id order by l.attempt desc limit ${most}
      ) as a
  )`

const websiteIn = (format: Format) => `pg_catalog.jsonb_build_object(
    'isEnabled', o.portal_enabled, 'portalKey', m.portal_key,
    'desired', (select d.desired from expiry.portal_desires as d where d.mentor_id = m.id),
    'sync', ${sync(format)}, 'attempts', ${attempts(format)}, 'speaker', ${speakerExpression(format)}
  )`

const local = localTo('o.zone_in_force')

/** What the website has to do with the mentor m of the organisation o, as an SQL expression; the shape is Website. */
export const websiteExpression = websiteIn(local)

/** What the website has to do with a mentor at this instant; undefined where there is no such mentor. */
export async function readWebsite(
  database: Client,
  mentorId: string,
  { isJson }: { isJson: boolean },
): Promise<Website | undefined> {
  const { rows } = await database.query<{ website: unknown }>(
    `select ${isJson ? websiteIn(iso) : websiteExpression} as website
       from expiry.mentors as m
       join expiry.organisations as o on o.id = m.organisation_id
      where m.id = $1`,
    [mentorId],
  )
  return rows[0] && Website.parse(rows[0].website)
}
