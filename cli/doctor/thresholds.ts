import type { Client } from 'pg'
import { advise, type Finding, fail, pass, shorten } from './finding.ts'

/** What everybody's thresholds are before anybody has changed them. */
const defaults = `insert into expiry.reminder_thresholds (threshold_day, urgency, escalate) values (30, 'notice', false), (14, 'warning', false), (7, 'urgent', true)`

const run = 'run `mentor-expiry nightly`'

/** Organisations for which no threshold counts at all. Which ones count, and how many, is for people to say. */
export async function checkThresholds(database: Client): Promise<Finding[]> {
  const { rows } = await database.query<{ slug: string; hasMentors: boolean; isWanted: boolean }>(
    `select o.slug,
            exists (
              select from expiry.mentors as m where m.organisation_id = o.id and m.status <> 'inactive'
            ) as "hasMentors",
            exists (select from expiry.wanted_thresholds as w where w.organisation_id = o.id) as "isWanted"
       from expiry.organisations as o
      where not exists (select from expiry.effective_thresholds as e where e.organisation_id = o.id)
      order by o.slug`,
  )
  if (rows.length === 0) return [pass('thresholds', 'every organisation has thresholds in force')]
  const silent = rows.filter(({ hasMentors }) => hasMentors)
  const named = (some: typeof rows) => `no threshold is in force for ${shorten(some.map(({ slug }) => slug))}`
  const remedy = rows.every(({ isWanted }) => isWanted) ? run : `as a login with expiry_app: ${defaults}; then ${run}`
  return [
    silent.length > 0
      ? fail('thresholds', `${named(silent)}: nobody is reminded about their mentors`, remedy)
      : advise('thresholds', `${named(rows)}: nobody would be reminded about mentors there`, remedy),
  ]
}
