import { Client } from 'pg'

export type Scheduled = { scheduler: 'pg_cron' | 'service'; why: string }

const schedule = '15 * * * *'
const command = `call expiry.nightly('pg_cron')`

/**
 * Has pg_cron call the night: in this database where the extension lives or may be created here, or through `cronUrl` in
 * the database that it lives in. Only the job of this database's name is changed. Without pg_cron the listener runs the
 * night by itself, and this says why.
 */
export async function scheduleNightly(options: { directUrl: string; cronUrl: string | undefined }): Promise<Scheduled> {
  const client = await connect(options.directUrl)
  try {
    const found = await find(client)
    if (found.installed || found.cronDatabase === found.database) return await here(client)
    if (!found.available) return await byService(client, 'this server has no pg_cron')
    if (found.cronDatabase === null) return await byService(client, 'pg_cron is not in shared_preload_libraries')
    if (options.cronUrl !== undefined) return await elsewhere(client, options.cronUrl, found)
    // Only some may ask where pg_cron lives; whoever may not can still try.
    if (found.cronDatabase === undefined) return await here(client)
    const lives = `pg_cron lives in the database ${found.cronDatabase}; set CRON_DATABASE_URL to reach it`
    return await byService(client, lives)
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
  const setting = await client
    .query<{ value: string | null }>(`select pg_catalog.current_setting('cron.database_name', true) as value`)
    .then((answer) => answer.rows[0]?.value)
    .catch((error: unknown) => {
      if (codeOf(error) === insufficientPrivilege) return undefined
      throw error
    })
  return { ...found, cronDatabase: setting }
}

const insufficientPrivilege = '42501'

async function here(client: Client): Promise<Scheduled> {
  try {
    await client.query('create extension if not exists pg_cron')
    await client.query('select expiry.schedule_nightly($1)', [schedule])
  } catch (error) {
    return await byService(client, `pg_cron refused the job (${codeOf(error)})`)
  }
  return { scheduler: 'pg_cron', why: 'hourly, a quarter past' }
}

async function elsewhere(client: Client, cronUrl: string, { database, user }: Found): Promise<Scheduled> {
  const job = `expiry-nightly:${database}`
  try {
    const cron = await connect(cronUrl)
    try {
      await cron.query('create extension if not exists pg_cron')
      await cron.query('select cron.schedule_in_database($1, $2, $3, $4, $5)', [job, schedule, command, database, user])
    } finally {
      await cron.end()
    }
  } catch (error) {
    return await byService(client, `pg_cron at CRON_DATABASE_URL refused the job (${codeOf(error)})`)
  }
  await record(client, 'pg_cron')
  return { scheduler: 'pg_cron', why: `job ${job}, in the database of CRON_DATABASE_URL` }
}

async function byService(client: Client, why: string): Promise<Scheduled> {
  await record(client, 'service')
  return { scheduler: 'service', why }
}

async function record(client: Client, scheduler: Scheduled['scheduler']): Promise<void> {
  await client.query('select expiry.record_schedule($1, $2)', [scheduler, schedule])
}

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString, application_name: 'mentor-expiry migrate' })
  client.on('error', () => undefined) // a lost connection rejects the next statement
  await client.connect()
  return client
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'
}
