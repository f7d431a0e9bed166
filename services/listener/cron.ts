import { Client, type Pool } from 'pg'
import { type FoundJob, faultOfJob, readNightJob } from '../../runtime/cron-job.ts'
import { postgresOptions, type ServerAddress } from '../../runtime/server-address.ts'

export type CronDeps = { pool: Pool; direct: ServerAddress; cron: ServerAddress | undefined }

type Schedule = { database: string; schedule: string; by_cron: boolean; is_here: boolean }

/**
 * Remembers whether it has seen pg_cron's job. The function it returns looks at the job where pg_cron lives, and keeps the
 * alert that says what is wrong with it.
 */
export function watchCron({ pool, direct, cron }: CronDeps): () => Promise<void> {
  let wasSeen = false
  return async () => {
    const { rows } = await pool.query<Schedule>(
      `select s.schedule, s.scheduler = 'pg_cron' as by_cron, pg_catalog.current_database()::text as database,
              exists (select from pg_catalog.pg_extension as e where e.extname = 'pg_cron') as is_here
         from expiry.nightly_schedule as s`,
    )
    const [schedule] = rows
    if (!schedule) return
    if (!schedule.by_cron) return await keepAlert(pool, undefined)
    const address = schedule.is_here ? direct : cron
    if (address === undefined) return
    const job = await look(address, schedule.database)
    // Who sees no job of others tells one that is gone from one that is not theirs by having seen it.
    const known: FoundJob = job === 'unseen' && wasSeen ? 'gone' : job
    wasSeen ||= typeof job === 'object'
    if (known !== 'unseen' && known !== 'closed') await keepAlert(pool, faultOfJob(known, schedule))
  }
}

async function look(address: ServerAddress, database: string): Promise<FoundJob> {
  const client = new Client({
    ...postgresOptions(address),
    application_name: 'mentor-expiry listener',
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
  })
  client.on('error', () => undefined) // a lost connection rejects the query as well
  await client.connect()
  try {
    return await readNightJob(client, database)
  } finally {
    await client.end()
  }
}

async function keepAlert(pool: Pool, fault: string | undefined): Promise<void> {
  await pool.query(`select expiry.keep_alert('pg_cron_failing', 'warning', 'pg_cron_failing', $1, $2)`, [
    fault !== undefined,
    { fault },
  ])
}
