import type { Client } from 'pg'
import { type Config, serversOf } from '../../runtime/config.ts'
import { summarise } from '../../runtime/errors.ts'
import { checkChannels, checkDestinations } from './channels.ts'
import { reach } from './connections.ts'
import { checkDatabase } from './database.ts'
import { type Finding, fail, skip } from './finding.ts'
import { checkLinks } from './links.ts'
import { checkNight } from './night.ts'
import { checkPortal, checkPortalSettings } from './portal.ts'
import { checkQueue } from './queue.ts'
import { checkReminders } from './reminders.ts'
import { checkRights, isClosed, remedyForRefusal } from './rights.ts'
import { checkSchema, checkTime } from './schema.ts'
import { checkServices } from './services.ts'
import { checkThresholds } from './thresholds.ts'

/** Findings about one part of the whole, in the order in which they were made. */
export type Area = { area: string; findings: Finding[] }

const areas = [
  'Database',
  'Schema',
  'Rights',
  'Time',
  'Night',
  'Services',
  'Reminders',
  'Portal',
  'Queue',
  'Channels',
] as const
/** `Portal settings` is of the portal what is known without asking it. */
export type AreaName = (typeof areas)[number] | 'Portal settings'

/**
 * Looks at everything that a working installation needs, or at the areas that are wanted, and yields what it finds, area
 * by area; changes nothing.
 */
export async function* diagnose(
  config: Config,
  signal: AbortSignal,
  wanted: readonly AreaName[] = areas,
): AsyncGenerator<Area> {
  const servers = serversOf(config)
  const database = await reach(servers.database, { check: 'connection', variable: 'DATABASE_URL' })
  const look = async (area: AreaName, work: () => Promise<Finding[]>, client?: Client): Promise<Area[]> =>
    wanted.includes(area) ? [{ area, findings: await attempt(area.toLowerCase(), work, client) }] : []
  const portal = (client?: Client) => look('Portal', () => checkPortal(config, client, signal), client)
  const lookAtDatabase = () => look('Database', () => checkDatabase(database, servers))
  if ('outcome' in database) {
    yield* await lookAtDatabase()
    yield* await portal()
  } else {
    await using client = database
    yield* await lookAtDatabase()
    const schema = await attempt('schema', () => checkSchema(client), client)
    yield* await look('Schema', async () => schema)
    if (schema.some(({ check, outcome }) => check === 'schema' && outcome === 'pass')) {
      yield* await look('Rights', () => checkRights(client), client)
      yield* await look('Time', () => checkTime(client), client)
      yield* await look('Night', () => checkNight(client, servers.cron), client)
      yield* await look('Services', () => checkServices(client, servers), client)
      yield* await look(
        'Reminders',
        async () => [
          ...(await checkReminders(client)),
          ...(await checkThresholds(client)),
          ...(await checkLinks(client)),
        ],
        client,
      )
      yield* await portal(client)
      yield* await look('Portal settings', () => checkPortalSettings(config, client))
    } else {
      const unseen = 'not looked at without the right schema'
      yield* await look('Rights', async () =>
        (await isClosed(client)) ? await checkRights(client) : [skip('rights', unseen)],
      )
      yield* await look('Reminders', async () => [skip('reminders', unseen)])
      yield* await portal()
    }
  }
  yield* await look('Queue', () => checkQueue(servers.queue, servers.queueVariable))
  yield* await look('Channels', async () => [
    ...(await checkChannels(config, signal)),
    ...(await checkDestinations(config, signal)),
  ])
}

const insufficientPrivilege = '42501'

/** A check that fails in a way of its own is a finding too, and keeps no other from being made. */
async function attempt(check: string, look: () => Promise<Finding[]>, database?: Client): Promise<Finding[]> {
  try {
    return await look()
  } catch (error) {
    const { code, name } = summarise(error)
    const remedy =
      code === insufficientPrivilege && database !== undefined
        ? await remedyForRefusal(database)
        : 'docs/errors.md tells what the code means'
    return [fail(check, `could not be looked at (${code === 'unknown' ? name : code})`, remedy)]
  }
}
