import type { Client } from 'pg'
import { knownMigrations } from '../../db/apply.ts'
import { compareSchema, type Migration, MigrationMissingError } from '../../db/migrations.ts'
import { localTo } from '../times.ts'
import { advise, counted, type Finding, fail, migrate, pass } from './finding.ts'
import { checkObjects } from './objects.ts'

/** Whether the database is the one that this code was written for. Nothing else can be asked where it is not. */
export async function checkSchema(database: Client): Promise<Finding[]> {
  let known: Migration[]
  try {
    known = await knownMigrations()
  } catch (error) {
    if (!(error instanceof MigrationMissingError)) throw error
    return [fail('schema', error.fault, 'install the release anew')]
  }
  const state = await compareSchema(database, known)
  if (state === 'absent') return [fail('schema', 'the database has none', migrate)]
  if (state === 'behind') return [fail('schema', 'the database lacks migrations of this version', migrate)]
  if (state === 'newer') {
    return [fail('schema', 'the database is ahead of this version', 'run the release that migrated it, or a later one')]
  }
  return [pass('schema', 'all migrations of this version'), ...(await checkObjects(database))]
}

/** What stands in the way of time: an override of the clock, and zones that one side does not know. */
export async function checkTime(database: Client): Promise<Finding[]> {
  const override = await database.query<{ at: string }>(
    `select ${localTo(`'UTC'`)('o.at')} as at from expiry.clock_override as o`,
  )
  const zones = await database.query<Zone>(
    `select o.time_zone as zone, pg_catalog.string_agg(o.slug, ', ' order by o.slug) as slugs,
            expiry.is_time_zone(o.time_zone) as known, pg_catalog.bool_and(o.zone_in_force = 'UTC') as settled
       from expiry.organisations as o group by 1 order by 1`,
  )
  const at = override.rows[0]?.at
  return [
    at === undefined
      ? pass('clock override', 'none')
      : fail('clock override', `the rules take it for ${at}`, 'as expiry_owner: delete from expiry.clock_override'),
    checkZones(zones.rows),
  ]
}

/** `settled`: UTC is in force where it is not known. */
type Zone = { zone: string; slugs: string; known: boolean; settled: boolean }

function checkZones(zones: Zone[]): Finding {
  const unknown = zones.filter(({ known }) => !known)
  const unknownHere = zones.filter(({ zone }) => !isKnownHere(zone))
  if (unknown.length > 0) {
    const names = unknown.map(({ zone, slugs }) => `${zone} of ${slugs}`).join('; ')
    return fail(
      'time zones',
      unknown.every(({ settled }) => settled)
        ? `PostgreSQL does not know ${names}: their dates and hours go by UTC`
        : `PostgreSQL does not know ${names}: no night can run before UTC is in force there, which a service or \`mentor-expiry migrate\` sees to`,
      'give them a zone of pg_timezone_names (as a login with expiry_app: update expiry.organisations set time_zone = …), or the server newer tzdata',
    )
  }
  if (unknownHere.length > 0) {
    const names = unknownHere.map(({ zone }) => zone).join(', ')
    return advise('time zones', `not known to Node: ${names}`, 'bring Node, or its tzdata, up to date')
  }
  return pass('time zones', `${counted(zones.length, 'zone')} in use, known to PostgreSQL and to Node`)
}

function isKnownHere(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone })
    return true
  } catch {
    return false
  }
}
