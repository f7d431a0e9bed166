import type { ClientBase } from 'pg'
import { longestGap } from './cron-gap.ts'
import { summarise } from './errors.ts'

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
    if (summarise(error).code === insufficientPrivilege) return 'closed'
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

export type JobFault = 'gone' | 'disabled' | 'changed' | 'failing' | 'silent'

/** What keeps the job, as pg_cron has it, from running the night as it was scheduled; undefined when nothing does. */
export function faultOfJob(
  job: CronJob | 'gone',
  wanted: { database: string; schedule: string },
): JobFault | undefined {
  if (job === 'gone') return 'gone'
  if (!job.active) return 'disabled'
  if (job.status === 'failed') return 'failing'
  const isOurs = job.command === nightCommand && job.database === wanted.database && job.schedule === wanted.schedule
  return isOurs ? undefined : 'changed'
}

/** Who was asked to call the night of this database. Of times the seconds since then. */
export type NightSchedule = {
  scheduler: 'pg_cron' | 'service'
  schedule: string
  database: string
  /** Whether pg_cron lives in this database. */
  isHere: boolean
  setAgo: number
  /** Null where pg_cron has never called. */
  calledAgo: number | null
  /** How long the server has been up. */
  upFor: number
}

/** Reads it; undefined where nobody was asked yet. */
export async function readNightSchedule(database: Pick<ClientBase, 'query'>): Promise<NightSchedule | undefined> {
  const { rows } = await database.query<NightSchedule>(
    `select s.scheduler, s.schedule, pg_catalog.current_database()::text as database,
            exists (select from pg_catalog.pg_extension as e where e.extname = 'pg_cron') as "isHere",
            extract(epoch from clock.now - s.set_at)::float8 as "setAgo",
            extract(epoch from clock.now - s.called_at)::float8 as "calledAgo",
            extract(epoch from clock.now - pg_catalog.pg_postmaster_start_time())::float8 as "upFor"
       from expiry.nightly_schedule as s cross join pg_catalog.clock_timestamp() as clock (now)`,
  )
  return rows[0]
}

/** That pg_cron was not heard of for so many seconds; `undecided` while it may have had no round to miss. */
export type Silence = { seconds: number; undecided: boolean }

/**
 * The silence of pg_cron, by the night that it calls and by its own account of the job, where it lasts longer than two of its
 * rounds; undefined where it does not, and where the schedule does not tell how long a round is. A server that is back, and a
 * job that was just made, have a round to be heard of.
 */
export function silenceOf({ schedule, calledAgo, setAgo, upFor }: NightSchedule, job: FoundJob): Silence | undefined {
  const gap = longestGap(schedule)
  const accounts = [calledAgo, typeof job === 'object' ? job.ago : null].filter((ago) => ago !== null)
  const seconds = accounts.length === 0 ? setAgo : Math.min(...accounts)
  if (gap === undefined || seconds <= 2 * gap) return undefined
  return { seconds, undecided: Math.min(setAgo, upFor) <= gap }
}

/**
 * The database that the pg_cron of this server lives in: null where it is not loaded, and undefined where it is and this login may
 * not know more.
 */
export async function cronDatabaseOf(client: Pick<ClientBase, 'query'>): Promise<string | null | undefined> {
  try {
    const { rows } = await client.query<{ value: string | null }>(
      `select pg_catalog.current_setting('cron.database_name', true) as value`,
    )
    return rows[0]?.value
  } catch (error) {
    if (summarise(error).code === insufficientPrivilege) return undefined
    throw error
  }
}
