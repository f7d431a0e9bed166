import { Client, type Pool } from 'pg'
import {
  type FoundJob,
  faultOfJob,
  type JobFault,
  readNightJob,
  readNightSchedule,
  silenceOf,
} from '../../runtime/cron-job.ts'
import { postgresOptions, type ServerAddress } from '../../runtime/server-address.ts'

export type CronDeps = { pool: Pool; direct: ServerAddress; cron: ServerAddress | undefined }

/**
 * Remembers whether it has seen pg_cron's job. The function it returns looks at the job where pg_cron lives, or, where it may
 * not, at when pg_cron last called the night, and keeps the alert that says what is wrong.
 */
export function watchCron({ pool, direct, cron }: CronDeps): () => Promise<void> {
  let wasSeen = false
  return async () => {
    const schedule = await readNightSchedule(pool)
    if (!schedule) return
    if (schedule.scheduler !== 'pg_cron') return await keepAlert(pool, undefined)
    const address = schedule.isHere ? direct : cron
    const job = address === undefined ? 'closed' : await look(address, schedule.database)
    // Who sees no job of others tells one that is gone from one that is not theirs by having seen it.
    const known: FoundJob = job === 'unseen' && wasSeen ? 'gone' : job
    wasSeen ||= typeof job === 'object'
    const seen = known === 'unseen' || known === 'closed' ? undefined : known
    const fault = seen && faultOfJob(seen, schedule)
    const silence = silenceOf(schedule, known)
    if (fault === undefined && silence?.undecided) return
    const found = fault ?? (silence && 'silent')
    if (seen === undefined) await keepUnseen(pool, found)
    else await keepAlert(pool, found)
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

async function keepAlert(pool: Pool, fault: JobFault | undefined): Promise<void> {
  await pool.query(`select expiry.keep_alert('pg_cron_failing', 'warning', 'pg_cron_failing', $1, $2)`, [
    fault !== undefined,
    { fault },
  ])
}

/** A listener that sees no job leaves alone what another one that does has found wrong with it. */
async function keepUnseen(pool: Pool, fault: JobFault | undefined): Promise<void> {
  const { rows } = await pool.query(
    `select from expiry.operations_alerts as a
      where a.kind = 'pg_cron_failing' and a.resolved_at is null and a.details ->> 'fault' <> 'silent'`,
  )
  if (rows.length === 0) await keepAlert(pool, fault)
}
