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
    const { rows } = await client.query<{
      database: string
      cron_database: string | null
      available: boolean
      user: string
    }>(
      `select pg_catalog.current_database() as database, current_user as user,
              pg_catalog.current_setting('cron.database_name', true) as cron_database,
              exists (select from pg_catalog.pg_available_extensions where name = 'pg_cron') as available`,
    )
    const [found] = rows
    if (!found?.available) return await byService(client, 'this server has no pg_cron')
    if (found.cron_database === null) return await byService(client, 'pg_cron is not in shared_preload_libraries')
    if (found.cron_database === found.database) return await here(client)
    if (options.cronUrl === undefined) {
      return await byService(
        client,
        `pg_cron lives in the database ${found.cron_database}; set CRON_DATABASE_URL to reach it`,
      )
    }
    await elsewhere(options.cronUrl, found)
    await record(client, 'pg_cron')
    return {
      scheduler: 'pg_cron',
      why: `job expiry-nightly:${found.database}, from the database ${found.cron_database}`,
    }
  } finally {
    await client.end()
  }
}

async function here(client: Client): Promise<Scheduled> {
  try {
    await client.query('create extension if not exists pg_cron')
    await client.query('select expiry.schedule_nightly($1)', [schedule])
  } catch (error) {
    return await byService(client, `pg_cron refused the job (${codeOf(error)})`)
  }
  return { scheduler: 'pg_cron', why: 'hourly, a quarter past' }
}

async function elsewhere(cronUrl: string, { database, user }: { database: string; user: string }): Promise<void> {
  const client = await connect(cronUrl)
  try {
    await client.query('create extension if not exists pg_cron')
    await client.query('select cron.schedule_in_database($1, $2, $3, $4, $5)', [
      `expiry-nightly:${database}`,
      schedule,
      command,
      database,
      user,
    ])
  } finally {
    await client.end()
  }
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
  await client.connect()
  return client
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'
}
