import type { Client } from 'pg'
import { z } from 'zod'
import { pause } from '../../runtime/pause.ts'
import { type Format, iso, localTo } from '../times.ts'
import { Speaker } from '../website/facts.ts'
import { speakerExpression } from '../website/facts-query.ts'

/** `YYYY-MM-DD HH:MM:SS+00`; for machines ISO 8601. */
const utc = z.string()

const Comparison = z.object({
  id: z.number(),
  requestedBy: z.string(),
  isInitial: z.boolean(),
  status: z.enum(['requested', 'running', 'done', 'held', 'failed']),
  requestedAt: utc,
  startedAt: utc.nullable(),
  finishedAt: utc.nullable(),
  /** Contacts with a key that the portal has; mentors who should be in step with it; how many of these are not. */
  contacts: z.number(),
  compared: z.number(),
  different: z.number(),
  missing: z.number(),
  /** Contacts of no mentor. */
  extra: z.number(),
  pushed: z.number(),
  error: z.string().nullable(),
})

const ContactDifference = z.object({
  contact: z.string(),
  /** `organisation/mentor_ref`; null for a contact of no mentor. */
  mentor: z.string().nullable(),
  kind: z.enum(['different', 'missing', 'extra']),
  fields: z.array(z.enum(['visible', 'status', 'expiryDate'])),
  /** The contact shows somebody who must not be shown. */
  isExposed: z.boolean(),
  /** The mentor should have been in step. */
  claimsSync: z.boolean(),
  since: utc,
  /** Seconds since it was first found. */
  age: z.number(),
  /** How far the portal is with this mentor now. */
  status: z.string().nullable(),
  error: z.string().nullable(),
})

export type Comparison = z.infer<typeof Comparison>
export type ContactDifference = z.infer<typeof ContactDifference>

/** Milliseconds between two looks. */
const betweenLooks = 200

/** Whom the times are for. */
type Reader = { isJson: boolean }

const formatFor = ({ isJson }: Reader): Format => (isJson ? iso : localTo(`'UTC'`))

const comparison = (at: Format) => `
  select pg_catalog.jsonb_build_object(
           'id', r.id, 'requestedBy', r.requested_by, 'isInitial', r.is_initial, 'status', r.status,
           'requestedAt', ${at('r.requested_at')}, 'startedAt', ${at('r.started_at')}, 'finishedAt', ${at('r.finished_at')},
           'contacts', r.contacts, 'compared', r.compared, 'different', r.different, 'missing', r.missing,
           'extra', r.extra, 'pushed', r.pushed, 'error', r.error
         ) as comparison,
         ${speakerExpression(at)} as speaker
    from expiry.portal_reconciliations as r`

/** Whether anybody is, or ever was, on the website. */
export async function hasPublished(database: Client): Promise<boolean> {
  const { rows } = await database.query(
    'select from expiry.portal_sync union all select from expiry.portal_rechecks limit 1',
  )
  return rows.length > 0
}

/** Asks for a comparison of everything; its id, and how many parked mentors are tried again because of it. */
export async function askComparison(
  database: Client,
  { actor, isInitial }: { actor: string; isInitial: boolean },
): Promise<{ id: number; retried: number }> {
  const asked = await database.query<{ retried: number }>(
    'select expiry.ask_portal_reconciliation($1, $2) as retried',
    [actor, isInitial],
  )
  // Where one that has not begun will do, that is the last there is.
  const { rows } = await database.query<{ id: number }>(
    'select pg_catalog.max(r.id)::float8 as id from expiry.portal_reconciliations as r where r.is_initial >= $1',
    [isInitial],
  )
  const [row] = rows
  if (!row) throw new Error('the comparison that was asked for is not there')
  return { id: row.id, retried: asked.rows[0]?.retried ?? 0 }
}

/** The last comparison that has come to an end. */
export async function lastComparison(database: Client, reader: Reader): Promise<Comparison | undefined> {
  const { rows } = await database.query(
    `${comparison(formatFor(reader))} where r.status in ('done', 'held', 'failed') order by r.finished_at desc, r.id desc limit 1`,
  )
  return rows[0] && Comparison.parse(rows[0].comparison)
}

/** Tells who speaks with the portal until the comparison has ended, the time is over (in milliseconds) or the signal aborts. */
export async function followComparison(
  database: Client,
  { id, milliseconds, isJson }: Reader & { id: number; milliseconds: number },
  tell: (speaker: Speaker | null) => void,
  signal: AbortSignal,
): Promise<{ comparison: Comparison; speaker: Speaker | null }> {
  const end = performance.now() + milliseconds
  for (;;) {
    const { rows } = await database.query(`${comparison(formatFor({ isJson }))} where r.id = $1`, [id])
    const seen = z.object({ comparison: Comparison, speaker: Speaker.nullable() }).parse(rows[0])
    tell(seen.speaker)
    const isOpen = seen.comparison.status === 'requested' || seen.comparison.status === 'running'
    if (!isOpen || performance.now() > end || signal.aborted) return seen
    await pause(betweenLooks, signal)
  }
}

/** What the last comparison has found, by kind and contact. */
export async function readDifferences(database: Client, reader: Reader): Promise<ContactDifference[]> {
  const { rows } = await database.query(
    `select d.portal_key as contact, d.kind, d.fields, d.is_exposed as "isExposed", d.claims_sync as "claimsSync",
            ${formatFor(reader)('d.since')} as since,
            pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - d.since) as age,
            case when m.id is not null then o.slug || '/' || coalesce(m.external_ref, m.id::text) end as mentor,
            p.status, p.last_error as error
       from expiry.portal_differences as d
       left join expiry.mentors as m on m.id = d.mentor_id
       left join expiry.organisations as o on o.id = m.organisation_id
       left join expiry.portal_sync as p on p.mentor_id = d.mentor_id
      order by d.kind, d.portal_key`,
  )
  return z.array(ContactDifference).parse(rows)
}
