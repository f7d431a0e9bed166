import type { Client } from 'pg'
import { advise, type Finding, pass } from './finding.ts'

/** What a service does that nobody else does. */
const services = {
  listener: 'nothing is queued, rescued, or run by night where pg_cron does not',
  notifier: 'nothing is sent',
}

/** Whether the services are at work: each keeps a connection that bears its name. */
export async function checkServices(database: Client): Promise<Finding[]> {
  const { rows } = await database.query<{ name: string }>(
    `select distinct pg_catalog.split_part(a.application_name, ' ', 2) as name
       from pg_catalog.pg_stat_activity as a
      where a.datname = pg_catalog.current_database() and a.application_name like 'mentor-expiry % alerts'`,
  )
  const seen = new Set(rows.map(({ name }) => name))
  return Object.entries(services).map(([name, lack]) =>
    seen.has(name)
      ? pass(name, 'one is connected')
      : advise(
          name,
          `none is connected: ${lack}`,
          `start one: mentor-expiry ${name}, or up; one behind a pooler that passes no names on cannot be seen`,
        ),
  )
}
