import type { Client } from 'pg'
import { localTo } from '../times.ts'

/** What a person can decide about the expiries that the brake holds. */
export type Decision = 'approved' | 'rejected'

/** A mentor for whom the date last admitted stands. Dates are `YYYY-MM-DD`, `since` is a local time of the organisation. */
export type Held = {
  mentorId: string
  ref: string
  name: string
  status: string
  /** The date on record now; null: the certification was removed. */
  recordedDate: string | null
  admittedDate: string
  since: string
  verdict: 'undecided' | 'held' | 'rejected'
  isLapsed: boolean
}

/** Whom a decision would concern, by reference. What was rejected can still be approved; the other way round it is too late. */
export async function readHeld(database: Client, organisationId: string, decision: Decision): Promise<Held[]> {
  const { rows } = await database.query<Held>(
    `select h.mentor_id as "mentorId", coalesce(m.external_ref, m.id::text) as ref, m.full_name as name,
            m.status::text as status, c.expiry_date::text as "recordedDate", h.admitted_date::text as "admittedDate",
            ${localTo('o.zone_in_force')('h.recorded_at')} as since, h.verdict,
            c.expiry_date < expiry.today(o.id) as "isLapsed"
       from expiry.held_expiries as h
       join expiry.mentors as m on m.id = h.mentor_id
       join expiry.organisations as o on o.id = h.organisation_id
       left join expiry.certifications as c on c.mentor_id = m.id
      where h.organisation_id = $1 and h.verdict <> $2
      order by coalesce(m.external_ref, m.id::text)`,
    [organisationId, decision],
  )
  return rows.map((row) => ({ ...row, isLapsed: row.isLapsed ?? false }))
}
