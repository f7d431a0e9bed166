import type { Client } from 'pg'
import { nightCommand, nightJobName } from '../../runtime/cron-job.ts'

/** Who calls the night in which database, and in whose name. */
type JobOwner = { database: string; user: string }

export const schedule = '15 * * * *'

/** Has the pg_cron that lives where `cron` is connected to call the night of another database. */
export async function scheduleInDatabase(cron: Client, { database, user }: JobOwner): Promise<void> {
  await cron.query('create extension if not exists pg_cron')
  // Only a superuser may name a login at all, be it his own.
  await cron.query('select cron.schedule_in_database($1, $2, $3, $4, nullif($5::text, current_user::text))', [
    nightJobName(database),
    schedule,
    nightCommand,
    database,
    user,
  ])
}

/** Removes our own job from the pg_cron where `cron` is connected to, nobody else's. False when there was none. */
export async function removeJob(cron: Client, { database, user }: JobOwner): Promise<boolean> {
  const { rows: tables } = await cron.query<{ present: boolean }>(
    `select pg_catalog.to_regclass('cron.job') is not null as present`,
  )
  if (tables[0]?.present !== true) return false
  const { rowCount } = await cron.query(
    `select cron.unschedule(j.jobid)
       from cron.job as j
      where j.jobname = $1 and j.database = $2 and j.username = $3`,
    [nightJobName(database), database, user],
  )
  return (rowCount ?? 0) > 0
}
