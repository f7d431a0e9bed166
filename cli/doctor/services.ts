import type { Client } from 'pg'
import type { Servers } from '../../runtime/config.ts'
import { type ConnectedServices, readConnectedServices } from '../../runtime/connected-services.ts'
import { countDoorbells, wordsForConnected } from '../connected-services.ts'
import { advise, type Finding, fail, pass, skip } from './finding.ts'
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
    const connected = await readConnectedServices(client)
    const countOf = (name: Name) =>
      connected.filter(({ service }) => service === name).reduce((sum, { count }) => sum + count, 0)
    return [...names.map((name) => describe(name, countOf(name))), ...compareQueues(connected)]
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

/** Whether those that are connected can hear of one another's jobs: nothing to say of a lone one. */
function compareQueues(connected: ConnectedServices[]): Finding[] {
  const kinds = [...new Set(connected.flatMap(({ queue }) => queue ?? []))]
  if (connected.length < 2 || kinds.length === 0) return []
  if (kinds.length === 1)
    return [
      pass(
        'queues',
        `all services look for theirs in ${places[kinds[0] ?? 'redis']}; whether at the same address was not looked at`,
      ),
    ]
  const found = kinds.map((kind) => {
    const theirs = connected.filter(({ queue }) => queue === kind).map(({ service }) => service)
    return `${theirs.join(' and ')} in ${places[kind]}`
  })
  return [
    fail(
      'queues',
      `not one but two: ${found.join(', ')}; what one service adds another never gets`,
      'give all services the same QUEUE_URL, and restart those that lacked it',
    ),
  ]
}

const places = { redis: 'Redis', postgres: 'PostgreSQL' } as const

function uncountable(name: Name, why: string): Finding {
  return skip(name, `cannot be counted, ${why}: ask each one's /readyz (${services[name].asked}), or what runs it`)
}
