import { once } from 'node:events'
import type { Client } from 'pg'
import { atMost } from '../../runtime/pause.ts'
import type { ServerAddress } from '../../runtime/server-address.ts'
import { connect, reach } from './connections.ts'
import { checkEncryption } from './encryption.ts'
import { type Finding, fail, pass } from './finding.ts'

const oldest = 15
const tolerableSkew = 5_000 // ms
const goDirect = 'set DATABASE_DIRECT_URL to a connection that does not go through a transaction pooler'

/** Versions, the path to the server and the clocks. `database` came by DATABASE_URL. */
export async function checkDatabase(database: Client, direct: ServerAddress): Promise<Finding[]> {
  return [
    await checkVersion(database),
    await checkClocks(database),
    await checkEncryption('TLS', database, 'DATABASE_URL'),
    ...(await checkDirectWay(database, direct)),
  ]
}

async function checkDirectWay(database: Client, direct: ServerAddress): Promise<Finding[]> {
  const variable = 'DATABASE_DIRECT_URL'
  const reached = await reach(direct, { check: 'direct connection', variable })
  if ('outcome' in reached) return [reached]
  await using client = reached
  return [
    await checkEncryption('TLS (direct)', client, variable),
    await checkPooling(direct),
    await checkDoorbell(database, direct),
  ]
}

async function checkVersion(database: Client): Promise<Finding> {
  const { rows } = await database.query<{ version: string; number: number }>(
    `select pg_catalog.current_setting('server_version') as version,
            pg_catalog.current_setting('server_version_num')::int as number`,
  )
  const { version = 'unknown', number = 0 } = rows[0] ?? {}
  if (number < oldest * 10_000) {
    return fail('PostgreSQL', `version ${version}`, `PostgreSQL ${oldest} or newer is needed`)
  }
  return pass('PostgreSQL', `version ${version}`)
}

async function checkClocks(database: Client): Promise<Finding> {
  const before = Date.now()
  const { rows } = await database.query<{ at: Date }>('select pg_catalog.clock_timestamp() as at')
  const middle = (before + Date.now()) / 2
  const skew = Math.abs((rows[0]?.at.getTime() ?? 0) - middle)
  const seconds = `${(skew / 1_000).toFixed(1)} s apart`
  if (skew <= tolerableSkew) return pass('clocks', `this machine and the database are ${seconds}`)
  return fail(
    'clocks',
    `this machine and the database are ${seconds}`,
    'let both follow a time server: the queue counts its delays by this one, leases run by the other',
  )
}

/**
 * In transaction mode a pooler gives each transaction the server that it likes. Held by one transaction, a server is
 * free for another connection only afterwards: a second connection that then changes its server is pooled.
 */
async function checkPooling(direct: ServerAddress): Promise<Finding> {
  await using first = await connect(direct)
  await using second = await connect(direct)
  await first.query('begin')
  const servers = new Set<number>()
  try {
    servers.add(await serverOf(second))
    await first.query('rollback')
    for (let round = 0; round < 4; round += 1) servers.add(await serverOf(second))
  } catch {
    servers.add(Number.NaN) // a pool of one server, which the first connection holds
  }
  if (servers.size === 1) return pass('direct connection', 'one server process to a connection')
  return fail('direct connection', 'goes through a transaction pooler, which passes no notification on', goDirect)
}

async function serverOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_catalog.pg_backend_pid() as pid')
  return rows[0]?.pid ?? 0
}

/** Rings by DATABASE_URL and listens on the direct connection, as a host's change and the listener do. */
async function checkDoorbell(database: Client, direct: ServerAddress): Promise<Finding> {
  await using listener = await connect(direct)
  const channel = `expiry_doctor_${process.pid}`
  await listener.query(`listen ${channel}`)
  const started = performance.now()
  let milliseconds: number | undefined
  const heard = once(listener, 'notification').then(() => {
    milliseconds = Math.round(performance.now() - started)
  })
  await database.query('select pg_catalog.pg_notify($1, $2)', [channel, ''])
  await atMost(3_000, heard)
  if (milliseconds !== undefined) return pass('LISTEN', `a notification arrived after ${milliseconds} ms`)
  return fail(
    'LISTEN',
    'a notification by DATABASE_URL does not arrive on the direct connection: reminders go out at sweeps only',
    `${goDirect}, and see that both lead to one database`,
  )
}
