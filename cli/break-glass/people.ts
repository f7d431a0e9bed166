import type { Client } from 'pg'
import { z } from 'zod'
import { findMentor, findOrganisation } from '../explain/find-mentor.ts'
import type { Refusal } from '../refuse.ts'

const State = z.object({
  visible: z.boolean(),
  status: z.enum(['active', 'paused', 'certification_expired', 'inactive']).nullable(),
  expiryDate: z.iso.date().nullable(),
})

const Person = z.object({
  mentorId: z.string(),
  /** `<organisation>/<mentor_ref>`. */
  ref: z.string(),
  name: z.string(),
  /** The contact that must show `desired`; null: none. */
  key: z.string().nullable(),
  desired: State,
  /** A contact of an earlier key that must show nobody. */
  formerKey: z.string().nullable(),
  /** The tables say that the website shows it already. */
  claimsSync: z.boolean(),
})
/** A mentor who is, or was, on the website, and what it must show of them now. */
export type Person = z.infer<typeof Person>

/** The ids of the mentors meant by `<organisation>` and `<organisation>/<mentor_ref>`, each once; or who is not known. */
export async function findChosen(database: Client, names: string[]): Promise<string[] | Refusal> {
  const ids = new Set<string>()
  for (const name of names) {
    const slash = name.indexOf('/')
    const slug = slash === -1 ? name : name.slice(0, slash)
    const organisation = await findOrganisation(database, slug)
    if (typeof organisation !== 'string') return organisation
    if (slash === -1) {
      const { rows } = await database.query<{ id: string }>(
        'select m.id from expiry.mentors as m where m.organisation_id = $1',
        [organisation],
      )
      for (const { id } of rows) ids.add(id)
      continue
    }
    const ref = name.slice(slash + 1)
    const found = await findMentor(database, { slug, ref })
    if (found.kind !== 'found') return found.refusal
    ids.add(found.id)
  }
  return [...ids]
}

/** Those of these mentors, or all, who are or were on the website. */
export async function readPeople(database: Client, mentorIds: string[] | null): Promise<Person[]> {
  const { rows } = await database.query(
    `select d.mentor_id as "mentorId", o.slug || '/' || coalesce(m.external_ref, m.id::text) as ref, m.full_name as name,
            d.portal_key as key, d.desired,
            case when p.pushed_key is distinct from d.portal_key and not exists (
              select from expiry.portal_desires as other where other.portal_key = p.pushed_key
            ) then p.pushed_key end as "formerKey",
            coalesce(p.status = 'synced' and p.desired = d.desired, false) as "claimsSync"
       from expiry.portal_desires as d
       join expiry.mentors as m on m.id = d.mentor_id
       join expiry.organisations as o on o.id = d.organisation_id
       left join expiry.portal_sync as p on p.mentor_id = d.mentor_id
      where (d.portal_key is not null or p.mentor_id is not null) and ($1::uuid[] is null or d.mentor_id = any ($1))
      order by ref`,
    [mentorIds],
  )
  return z.array(Person).parse(rows)
}
