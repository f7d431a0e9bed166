import type { Client } from 'pg'
import type { Servers } from '../../runtime/config.ts'
import { countDoorbells, countServices, wordsForConnected } from '../connected-services.ts'
import { advise, type Finding, pass, skip } from './finding.ts'
import { isPooled } from './pooling.ts'

/** What a service does that nobody else does, and where it can be asked itself. */
const services = {
  listener: { lack: 'nothing is queued, rescued, or run by night where pg_cron does not', asked: 'LISTENER_HTTP' },
  notifier: { lack: 'nothing is sent', asked: 'NOTIFIER_HTTP' },
}
type Name = keyof typeof services
const names = ['listener', 'notifier'] as const

/** Whether the services are at work, and how many: by the names of their connections, where these are to be seen. */
export async function checkServices(
  client: Client,
  { database, direct }: Pick<Servers, 'database' | 'direct'>,
): Promise<Finding[]> {
  if (await isStandby(client)) return names.map((name) => uncountable(name, 'they are connected to the primary'))
  if (!(await isPooled(database))) {
    const counts = await countServices(client)
    return names.map((name) => describe(name, counts.get(name) ?? 0))
  }
  const pooled =
    'a transaction pooler stands before the database, and its connections bear the name of whoever came last'
  const isDirect = direct.url !== database.url && !(await isPooled(direct).catch(() => true))
  if (!isDirect) return names.map((name) => uncountable(name, pooled))
  return [describe('listener', await countDoorbells(client)), uncountable('notifier', pooled)]
}

async function isStandby(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ standby: boolean }>('select pg_catalog.pg_is_in_recovery() as standby')
  return rows[0]?.standby ?? false
}

function describe(name: Name, count: number): Finding {
  if (count > 0) return pass(name, wordsForConnected(count))
  return advise(name, `none is connected: ${services[name].lack}`, `start one: mentor-expiry ${name}, or up`)
}

function uncountable(name: Name, why: string): Finding {
  return skip(name, `cannot be counted, ${why}: ask each one's /readyz (${services[name].asked}), or what runs it`)
}
