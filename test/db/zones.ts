import type { Database } from '../support/database.ts'

/** The organisation's zone is one that this server does not know, as after an update of tzdata. Returns the zone. */
export async function forgetZone(database: Database, organisation: string): Promise<string> {
  await writePastTheCheck(database, organisation, `time_zone = 'Mars/Base', zone_in_force = 'Mars/Base'`)
  return 'Mars/Base'
}

/** What the organisation's zone is called is known, and nobody has looked yet. */
export async function recallZone(database: Database, organisation: string, zone: string): Promise<void> {
  await writePastTheCheck(database, organisation, `time_zone = '${zone}'`)
}

async function writePastTheCheck(database: Database, organisation: string, values: string): Promise<void> {
  await database.query('alter table expiry.organisations disable trigger organisations_check_time_zone')
  await database.query(`update expiry.organisations set ${values} where id = $1`, [organisation])
  await database.query('alter table expiry.organisations enable trigger organisations_check_time_zone')
}
