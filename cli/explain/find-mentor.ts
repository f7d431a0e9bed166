import type { Client } from 'pg'
import type { Refusal } from '../refuse.ts'

/** `id` of the mentor meant, or what is not known. */
type Found = { kind: 'found'; id: string } | { kind: 'unknown'; refusal: Refusal }

/**
 * Looks a mentor up by the organisation's slug and the mentor's own reference, or by their ids, as alerts name them. Case
 * matters as in the database.
 */
export async function findMentor(database: Client, { slug, ref }: { slug: string; ref: string }): Promise<Found> {
  const organisation = await findOrganisation(database, slug)
  if (typeof organisation !== 'string') return { kind: 'unknown', refusal: organisation }
  const { rows } = await database.query<{ id: string }>(
    `select m.id from expiry.mentors as m
      where m.organisation_id = $1 and (m.external_ref = $2 or m.id::text = $2) order by m.external_ref = $2 desc limit 1`,
    [organisation, ref],
  )
  const [mentor] = rows
  return mentor
    ? { kind: 'found', id: mentor.id }
    : { kind: 'unknown', refusal: unknown('mentor', ref, await nearMentors(database, organisation, ref)) }
}

/** The id of the organisation with this slug or id, or that it is not known. */
export async function findOrganisation(database: Client, slug: string): Promise<string | Refusal> {
  const { rows } = await database.query<{ id: string }>(
    'select o.id from expiry.organisations as o where o.slug = $1 or o.id::text = $1 order by o.slug = $1 desc limit 1',
    [slug],
  )
  const [organisation] = rows
  if (organisation) return organisation.id
  const near = await database.query<{ name: string }>(
    `select o.slug as name from expiry.organisations as o where ${isNear('o.slug', '$1')}
      order by o.slug limit 3`,
    [slug],
  )
  return unknown(
    'organisation',
    slug,
    near.rows.map(({ name }) => name),
  )
}

async function nearMentors(database: Client, organisation: string, ref: string): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(
    `select m.external_ref as name from expiry.mentors as m
      where m.organisation_id = $1 and ${isNear('m.external_ref', '$2')} order by m.external_ref limit 3`,
    [organisation, ref],
  )
  return rows.map(({ name }) => name)
}

/** That what was asked for is not there, and names near it that are. */
function unknown(what: 'organisation' | 'mentor', name: string, near: string[]): Refusal {
  const meant = near.length === 0 ? '' : `; is ${near.join(' or ')} meant?`
  return { outcome: `unknown_${what}`, words: `there is no ${what} ${JSON.stringify(name)}${meant}`, near }
}

/** Alike but for case, punctuation and leading zeros, or one is how the other begins. */
function isNear(column: string, asked: string): string {
  const plain = (text: string) =>
    `pg_catalog.regexp_replace(pg_catalog.lower(${text}), '[^[:alnum:]]+|(?<![0-9])0+(?=[0-9])', '', 'g')`
  return `(${plain(column)} = ${plain(asked)}
           or pg_catalog.starts_with(pg_catalog.lower(${column}), pg_catalog.lower(${asked}))
           or pg_catalog.length(${column}) > 2
              and pg_catalog.starts_with(pg_catalog.lower(${asked}), pg_catalog.lower(${column})))`
}
