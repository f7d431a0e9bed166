import { once } from 'node:events'
import type { Client } from 'pg'
import type { Servers } from '../../runtime/config.ts'
import { atMost } from '../../runtime/pause.ts'
import type { ServerAddress } from '../../runtime/server-address.ts'
import { connect, reach } from './connections.ts'
import { checkEncryption } from './encryption.ts'
import { type Finding, fail, pass, skip } from './finding.ts'
import { isPooled } from './pooling.ts'
import { checkWriting, type Writing } from './writing.ts'

const oldest = 15
const tolerableSkew = 5_000 // ms
const goDirect = 'set DATABASE_DIRECT_URL to a connection that does not go through a transaction pooler'

/** What the way by DATABASE_URL has shown: a connection, or why there is none. */
export type Reached = (Client & AsyncDisposable) | Finding

/**
 * Versions, the ways to the server and the clocks, and whether the database takes changes. The direct way is looked at by
 * itself: it may work where the other one does not.
 */
export async function checkDatabase(reached: Reached, { database, direct }: Servers): Promise<Finding[]> {
  if ('outcome' in reached) {
    return [reached, ...(direct.url === database.url ? [] : await checkDirectWay(undefined, direct))]
  }
  const { writing, finding } = await checkWriting('writing', reached, 'DATABASE_URL')
  return [
    await checkVersion(reached),
    finding,
    await checkClocks(reached),
    await checkEncryption('TLS', reached, 'DATABASE_URL'),
    ...(await checkDirectWay({ client: reached, writing }, direct)),
  ]
}

async function checkDirectWay(
  database: { client: Client; writing: Writing } | undefined,
  direct: ServerAddress,
): Promise<Finding[]> {
  const variable = 'DATABASE_DIRECT_URL'
  const reached = await reach(direct, { check: 'direct connection', variable })
  if ('outcome' in reached) return [reached]
  await using client = reached
  const { writing, finding } = await checkWriting('writing (direct)', client, variable)
  return [
    await checkEncryption('TLS (direct)', client, variable),
    ...(writing === (database?.writing ?? 'open') ? [] : [finding]),
    await checkPooling(direct),
    await checkRinging(database, direct, writing),
  ]
}

async function checkRinging(
  database: { client: Client; writing: Writing } | undefined,
  direct: ServerAddress,
  directly: Writing,
): Promise<Finding> {
  if (database === undefined) return skip('LISTEN', 'not looked at without DATABASE_URL')
  if ([database.writing, directly].includes('standby')) return skip('LISTEN', 'a standby passes no notification on')
  return await checkDoorbell(database.client, direct)
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

async function checkPooling(direct: ServerAddress): Promise<Finding> {
  if (!(await isPooled(direct))) return pass('direct connection', 'one server process to a connection')
  return fail('direct connection', 'goes through a transaction pooler, which passes no notification on', goDirect)
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
