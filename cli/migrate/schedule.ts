import { type Client, escapeIdentifier } from 'pg'
import { cronDatabaseOf, nightJobName } from '../../runtime/cron-job.ts'
import { summarise } from '../../runtime/errors.ts'
import type { ServerAddress } from '../../runtime/server-address.ts'
import { connect } from './connect.ts'
import { removeJob, schedule, scheduleInDatabase } from './cron-job.ts'

export type Scheduled = { scheduler: 'pg_cron' | 'service'; why: string }
type Options = { direct: ServerAddress; cron: ServerAddress | undefined }

/**
 * Has pg_cron call the night: in this database where it lives here, or through `cron` in the database that it lives
 * in. Only our own job is changed, and only one is left. Without pg_cron the listener runs the night by itself, and this
 * says why.
 */
export async function scheduleNightly(options: Options): Promise<Scheduled> {
  const client = await connect(options.direct)
  try {
    const found = await find(client)
    if (!found.available && !found.installed) return await byService(client, 'this server has no pg_cron')
    if (found.cronDatabase === found.database) return await here(client, found)
    if (options.cron !== undefined) return await through(client, options.cron, found)
    if (found.cronDatabase === null) return await byService(client, 'pg_cron is not in shared_preload_libraries')
    // Only some may ask where pg_cron lives; whoever may not can still try.
    if (found.cronDatabase === undefined) return await here(client, found)
    const lives = `pg_cron lives in the database ${found.cronDatabase}; set CRON_DATABASE_URL to reach it`
    return await byService(client, lives)
  } finally {
    await client.end()
  }
}

/**
 * Takes the night back from pg_cron: removes our own job, from this database and through `cron` from the one that
 * pg_cron lives in, and leaves the night to the listener. Throws when a job cannot be removed; the record then stays.
 */
export async function unscheduleNightly(options: Options): Promise<Scheduled> {
  const client = await connect(options.direct)
  try {
    const found = await find(client)
    const removed = [await removeJob(client, found)]
    if (options.cron !== undefined) {
      const cron = await connect(options.cron)
      try {
        removed.push(await removeJob(cron, found))
      } finally {
        await cron.end()
      }
    }
    const { cronDatabase, database } = found
    const outOfReach = options.cron === undefined && typeof cronDatabase === 'string' && cronDatabase !== database
    if (removed.includes(true)) return await byService(client, `pg_cron's job ${nightJobName(database)} is removed`)
    return await byService(
      client,
      outOfReach
        ? `pg_cron lives in the database ${cronDatabase}; set CRON_DATABASE_URL to have a job removed there`
        : 'pg_cron has no job of this login for this database',
    )
  } finally {
    await client.end()
  }
}

/** `cronDatabase` is null where pg_cron is not loaded, and undefined where this login may not know. */
type Found = {
  database: string
  user: string
  available: boolean
  installed: boolean
  cronDatabase: string | null | undefined
}

async function find(client: Client): Promise<Found> {
  const { rows } = await client.query<Omit<Found, 'cronDatabase'>>(
    `select pg_catalog.current_database() as database, current_user as user,
            exists (select from pg_catalog.pg_available_extensions where name = 'pg_cron') as available,
            exists (select from pg_catalog.pg_extension where extname = 'pg_cron') as installed`,
  )
  const [found] = rows
  if (!found) throw new Error('the database did not answer')
  return { ...found, cronDatabase: await cronDatabaseOf(client) }
}

const insufficientPrivilege = '42501'

async function here(client: Client, { installed, user }: Found): Promise<Scheduled> {
  try {
    await client.query('create extension if not exists pg_cron')
    await client.query('select expiry.schedule_nightly($1)', [schedule])
  } catch (error) {
    const grants = [...(installed ? [] : [extension]), usageFor(user)]
    return await byService(client, `pg_cron refused the job ${because(error, grants)}`)
  }
  return { scheduler: 'pg_cron', why: 'hourly, a quarter past' }
}

const extension = 'create extension pg_cron'
const usageFor = (login: string) => `grant usage on schema cron to ${escapeIdentifier(login)}`

/** The code, and where a right is missing, what a superuser has to do in the database that pg_cron lives in, which only some may ask for. */
function because(error: unknown, grants: string[]): string {
  const { code } = summarise(error)
  return code === insufficientPrivilege
    ? `(${code}): as a superuser, in its database (show cron.database_name): ${grants.join('; ')}; where that is another than this, set CRON_DATABASE_URL to it`
    : `(${code})`
}

async function through(client: Client, cronAddress: ServerAddress, found: Found): Promise<Scheduled> {
  let there: Found | undefined
  try {
    const cron = await connect(cronAddress)
    try {
      if ((await identityOf(cron)) === (await identityOf(client))) return await here(client, found)
      there = await find(cron)
      // Where pg_cron lived here before it moved, its old job would run beside the new one.
      await removeJob(client, found)
      await scheduleInDatabase(cron, found)
    } finally {
      await cron.end()
    }
  } catch (error) {
    const login = there?.user ?? found.user
    const mayName = `grant execute on function cron.schedule_in_database to ${escapeIdentifier(login)}`
    const grants = [...(there?.installed ? [] : [extension]), usageFor(login), mayName]
    return await byService(client, `pg_cron at CRON_DATABASE_URL refused the job ${because(error, grants)}`)
  }
  await record(client, 'pg_cron')
  return { scheduler: 'pg_cron', why: `job ${nightJobName(found.database)}, in the database of CRON_DATABASE_URL` }
}

/** Tells databases apart, also those of one name on two servers. */
async function identityOf(client: Client): Promise<string> {
  const { rows } = await client.query<{ identity: string }>(
    `select pg_catalog.concat(extract(epoch from pg_catalog.pg_postmaster_start_time()), ' ', pg_catalog.current_database()) as identity`,
  )
  const [row] = rows
  if (!row) throw new Error('the database did not answer')
  return row.identity
}

async function byService(client: Client, why: string): Promise<Scheduled> {
  await record(client, 'service')
  return { scheduler: 'service', why }
}

async function record(client: Client, scheduler: Scheduled['scheduler']): Promise<void> {
  await client.query('select expiry.record_schedule($1, $2)', [scheduler, schedule])
}
