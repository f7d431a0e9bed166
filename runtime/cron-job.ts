import type { ClientBase } from 'pg'

/** What pg_cron calls. */
export const nightCommand = `call expiry.nightly('pg_cron')`

/** The name of the job that runs the night of a database, one for each. */
export function nightJobName(database: string): string {
  return `expiry-nightly:${database}`
}

type CronJob = {
  id: number
  schedule: string
  command: string
  database: string
  active: boolean
  user: string
  /** Of its last run; `ago` in seconds, null for none. */
  status: string | null
  message: string | null
  ago: number | null
}

/**
 * The job of a database, where pg_cron lives. `gone`: there is none; `unseen`: none that this login may see, which may have
 * been made in the name of another; `closed`: this login may not look at all.
 */
export type FoundJob = CronJob | 'gone' | 'unseen' | 'closed'

const insufficientPrivilege = '42501'

/** Reads the night's job of `database` over a connection to the database that pg_cron lives in. */
export async function readNightJob(cron: Pick<ClientBase, 'query'>, database: string): Promise<FoundJob> {
  try {
    const { rows } = await cron.query<CronJob>(readJob, [nightJobName(database)])
    const [job] = rows
    if (job) return job
    const { rows: rights } = await cron.query<{ partly: boolean }>(
      `select pg_catalog.row_security_active('cron.job') as partly`,
    )
    return rights[0]?.partly === false ? 'gone' : 'unseen'
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === insufficientPrivilege) return 'closed'
    throw error
  }
}

const readJob = `
  select j.jobid::int as id, j.schedule, j.command, j.database, j.active, j.username as user,
         d.status, d.return_message as message, extract(epoch from pg_catalog.clock_timestamp() - d.start_time)::int as ago
    from cron.job as j
    left join lateral (
      select d.status, d.return_message, d.start_time
        from cron.job_run_details as d where d.jobid = j.jobid order by d.runid desc limit 1
    ) as d on true
   where j.jobname = $1`

export type JobFault = 'gone' | 'disabled' | 'changed' | 'failing'

/** What keeps the job from running the night as it was scheduled; undefined when nothing does, or nobody can tell. */
export function faultOfJob(job: FoundJob, wanted: { database: string; schedule: string }): JobFault | undefined {
  if (job === 'unseen' || job === 'closed') return undefined
  if (job === 'gone') return 'gone'
  if (!job.active) return 'disabled'
  if (job.status === 'failed') return 'failing'
  const isOurs = job.command === nightCommand && job.database === wanted.database && job.schedule === wanted.schedule
  return isOurs ? undefined : 'changed'
}
