import type { Client } from 'pg'
import { countServices, wordsForConnected } from '../connected-services.ts'
import { advise, type Finding, pass } from './finding.ts'

/** What a service does that nobody else does. */
const services = {
  listener: 'nothing is queued, rescued, or run by night where pg_cron does not',
  notifier: 'nothing is sent',
}

/** Whether the services are at work, and how many. */
export async function checkServices(database: Client): Promise<Finding[]> {
  const counts = await countServices(database)
  return Object.entries(services).map(([name, lack]) => {
    const count = counts.get(name) ?? 0
    if (count > 0) return pass(name, wordsForConnected(count))
    return advise(
      name,
      `none is connected: ${lack}`,
      `start one: mentor-expiry ${name}, or up; one behind a pooler that passes no names on cannot be seen`,
    )
  })
}
