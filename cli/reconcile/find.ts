import type { Client } from 'pg'
import { days, wordsForReason } from '../explain/words.ts'

/** One thing about a mentor that is not as the facts ask for. `found` and `wanted` are statuses, or days and a reason. */
export type Difference = {
  mentorId: string
  mentor: string
  kind: 'status' | 'due' | 'stale'
  found: string | null
  wanted: string | null
  thresholdDay: number | null
  expiryDate: string | null
}

/** All of them, of one organisation (its id) or of everybody, by organisation and mentor. */
export async function findDifferences(database: Client, organisationId: string | null): Promise<Difference[]> {
  const { rows } = await database.query<Difference>(
    `with different as (
       select s.mentor_id, 'status' as kind, s.status::text as found, s.wanted_status::text as wanted,
              null::integer as threshold_day, s.standing_date as expiry_date
         from expiry.mentor_standing as s
        where s.status <> s.wanted_status
       union all
       select u.mentor_id, 'due', null, null, u.threshold_day, u.expiry_date from expiry.uncovered_reminders as u
       union all
       select s.mentor_id, 'stale', l.kind::text, s.reason, l.threshold_day, l.certification_expiry_date
         from expiry.stale_reminders as s
         join expiry.reminder_dispatch_log as l on l.id = s.id
     )
     select m.id as "mentorId", o.slug || '/' || coalesce(m.external_ref, m.id::text) as mentor, d.kind, d.found, d.wanted,
            d.threshold_day as "thresholdDay", d.expiry_date::text as "expiryDate"
       from different as d
       join expiry.mentors as m on m.id = d.mentor_id
       join expiry.organisations as o on o.id = m.organisation_id
      where $1::uuid is null or o.id = $1
      order by o.slug, coalesce(m.external_ref, m.id::text), d.kind desc, d.threshold_day`,
    [organisationId],
  )
  return rows
}

/** The same in a sentence. */
export function wordsForDifference({ kind, found, wanted, thresholdDay, expiryDate }: Difference): string {
  switch (kind) {
    case 'status':
      return `is ${found}, and should be ${wanted}`
    case 'due':
      return `the reminder ${days(thresholdDay ?? 0)} before ${expiryDate} is due and not made`
    case 'stale': {
      const what =
        found === 'reminder' ? `the reminder ${days(thresholdDay ?? 0)} before` : `the message "${found}" about`
      return `${what} ${expiryDate} is open although ${wordsForReason(wanted)}`
    }
    default:
      return kind satisfies never
  }
}
