import type { Client } from 'pg'
import type { Config } from '../../runtime/config.ts'
import { checkHealth } from '../../runtime/portal/health.ts'
import { openPortal, type Portal } from '../../runtime/portal/open.ts'
import { checkSchema, type SchemaFinding } from '../../runtime/portal/schema.ts'
import { type PortalSettings, portalOf } from '../../runtime/portal/settings.ts'
import { portalRemedy } from '../website/remedy.ts'
import { type Finding, fail, pass, skip } from './finding.ts'
import {
  checkEnvironment,
  checkPortalTables,
  isKeptUp,
  patienceOnRecord,
  publishedOrganisations,
} from './portal-tables.ts'
import { checkSecret } from './secret.ts'

/**
 * Whether the website can be kept in step: the portal as this configuration reaches it, without writing, and what the tables
 * say of the sync; without a database the portal alone.
 */
export async function checkPortal(
  config: Config,
  database: Client | undefined,
  signal: AbortSignal,
): Promise<Finding[]> {
  const settings = portalOf(config)
  const published = database ? await publishedOrganisations(database) : []
  if (!settings && !database) {
    return [skip('sync', 'off: PORTAL_URL is not set here; who is on the website, only the database tells')]
  }
  if (!settings && published.length === 0) {
    return [skip('sync', 'off: PORTAL_URL is not set here, and no organisation is on the website')]
  }
  const findings = settings
    ? [
        sync(settings, database && published),
        ...(await lookAtPortal(settings, published, database, signal)),
        checkSecret(config),
      ]
    : [database && (await isKeptUp(database)) ? elsewhere(published) : off(published)]
  return database ? [...findings, ...(await checkPortalTables(database, published))] : findings
}

/** Whether the sync is configured where it is needed, and its credential lasts; asks nothing of the portal. */
export async function checkPortalSettings(config: Config, database: Client): Promise<Finding[]> {
  const settings = portalOf(config)
  const published = await publishedOrganisations(database)
  if (settings) return [sync(settings, published), checkSecret(config)]
  if (published.length === 0) return []
  return [(await isKeptUp(database)) ? elsewhere(published) : off(published)]
}

function off(published: string[]): Finding {
  return fail(
    'sync',
    `off, and on the website are ${published.join(', ')}: nobody who must not be shown is hidden`,
    'set PORTAL_URL and what goes with it (docs/configuration.md), or portal_enabled of the organisation to false',
  )
}

function elsewhere(published: string[]): Finding {
  return skip(
    'sync',
    `not asked from here: PORTAL_URL is not set in this environment; a portal-sync keeps ${published.join(', ')} in step`,
  )
}

function sync({ credential, url }: PortalSettings, published: string[] | undefined): Finding {
  if (published === undefined) return pass('sync', `on: ${url}, by ${credential.kind}`)
  const whom =
    published.length === 0 ? 'no organisation is on the website yet' : `on the website: ${published.join(', ')}`
  return pass('sync', `on: ${url}, by ${credential.kind}; ${whom}`)
}

async function lookAtPortal(
  settings: PortalSettings,
  published: string[],
  database: Client | undefined,
  signal: AbortSignal,
): Promise<Finding[]> {
  const patience = database ? await patienceOnRecord(database) : 0
  if (patience > 0) return [skip('portal', `not asked: it asks for patience for another ${Math.ceil(patience)} s`)]
  await using portal = openPortal(settings)
  const { steps, failure, organizationId } = await checkHealth({ ...portal, priority: 1 }, signal)
  const findings = steps.map(({ step, code }) => {
    const [check, fine] = words[step]
    return code === 'ok'
      ? pass(check, fine)
      : fail(check, `refused or not answered (${code})`, portalRemedy(step, code))
  })
  if (organizationId !== undefined && database)
    findings.push(await checkEnvironment(database, organizationId, published))
  // Without the columns the metadata say which one is missing.
  const canBeRead = failure === undefined || steps.at(-1)?.step === 'contacts'
  return canBeRead ? [...findings, ...(await checkMapping(portal, signal))] : findings
}

const words = {
  token: ['token', 'the tenant hands one out'],
  whoami: ['user', 'the environment knows the application'],
  contacts: ['contacts', 'our columns can be read'],
} as const

async function checkMapping(portal: Portal, signal: AbortSignal): Promise<Finding[]> {
  const schema = await checkSchema({ ...portal, priority: 1 }, signal)
  if (schema.kind !== 'ok') {
    return [fail('mapping', `the metadata could not be read (${schema.code})`, portalRemedy('contacts', schema.code))]
  }
  const { findings } = schema
  if (findings.length === 0) return [pass('mapping', 'table, key, columns and options are there as it names them')]
  return findings.map(({ code, subject }) => {
    const [found, remedy] = faults[code]
    return fail('mapping', `${subject} ${found}`, remedy)
  })
}

const correct = 'correct PORTAL_MAPPING, or have it changed there'

const faults: Record<SchemaFinding['code'], readonly [found: string, remedy: string]> = {
  entity_set_differs: ['is not what the table is called in addresses', 'correct entitySet in PORTAL_MAPPING'],
  change_tracking_off: [
    'is not tracked: the website would show what is old for longer than 15 minutes',
    'have Change Tracking switched on for the table',
  ],
  versions_not_compared: ['does not compare versions', 'have optimistic concurrency switched on for the table'],
  column_missing: ['is no column of the table', correct],
  column_of_other_type: ['is of another type', correct],
  column_not_writable: ['cannot be written', correct],
  date_with_time: ['has a time: it is a day off for whoever is in another zone', 'have it made a Date Only column'],
  option_missing: ['is an option that the column does not have', correct],
  key_missing: ['has no alternate key', 'have an alternate key made of this column alone'],
  key_not_active: [
    'has an alternate key that is not active yet',
    'wait until Dataverse has made its index, or repair it',
  ],
}
