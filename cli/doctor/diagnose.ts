import { type Config, serversOf } from '../../runtime/config.ts'
import { summarise } from '../../runtime/errors.ts'
import { checkChannels } from './channels.ts'
import { connect } from './connections.ts'
import { checkDatabase } from './database.ts'
import { type Finding, fail, skip } from './finding.ts'
import { checkNight } from './night.ts'
import { checkQueue } from './queue.ts'
import { checkReminders } from './reminders.ts'
import { checkRights, checkSchema, checkTime } from './schema.ts'

/** Findings about one part of the whole, in the order in which they were made. */
export type Area = { area: string; findings: Finding[] }

/** Looks at everything that a working installation needs and yields what it finds, area by area; changes nothing. */
export async function* diagnose(config: Config, signal: AbortSignal): AsyncGenerator<Area> {
  const { databaseUrl, directUrl, queueUrl } = serversOf(config)
  const database = await connect(databaseUrl).catch((error: unknown) => summarise(error).code)
  if (typeof database === 'string') {
    yield {
      area: 'Database',
      findings: [
        fail('connection', `DATABASE_URL leads nowhere (${database})`, 'docs/errors.md tells what the code means'),
      ],
    }
  } else {
    await using client = database
    yield { area: 'Database', findings: await attempt('connection', () => checkDatabase(client, directUrl)) }
    const schema = await attempt('schema', () => checkSchema(client))
    yield { area: 'Schema', findings: schema }
    if (schema.some(({ check, outcome }) => check === 'schema' && outcome === 'pass')) {
      yield { area: 'Rights', findings: await attempt('rights', () => checkRights(client)) }
      yield { area: 'Time', findings: await attempt('time', () => checkTime(client)) }
      yield { area: 'Night', findings: await attempt('night', () => checkNight(client, config.CRON_DATABASE_URL)) }
      yield { area: 'Reminders', findings: await attempt('reminders', () => checkReminders(client)) }
    } else yield { area: 'Reminders', findings: [skip('reminders', 'not looked at without the right schema')] }
  }
  yield { area: 'Queue', findings: await attempt('queue', () => checkQueue(queueUrl)) }
  yield { area: 'Channels', findings: await attempt('channels', () => checkChannels(config, signal)) }
}

const insufficientPrivilege = '42501'

/** A check that fails in a way of its own is a finding too, and keeps no other from being made. */
async function attempt(check: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look()
  } catch (error) {
    const { code, name } = summarise(error)
    const remedy =
      code === insufficientPrivilege
        ? 'grant expiry_service to the login of DATABASE_URL'
        : 'docs/errors.md tells what the code means'
    return [fail(check, `could not be looked at (${code === 'unknown' ? name : code})`, remedy)]
  }
}
