import type { Client } from 'pg'
import {
  cronDatabaseOf,
  faultOfJob,
  type NightSchedule,
  nightJobName,
  readNightJob,
  readNightSchedule,
  type Silence,
  silenceOf,
} from '../../runtime/cron-job.ts'
import type { ServerAddress } from '../../runtime/server-address.ts'
import { reach } from './connections.ts'
import { checkEncryption } from './encryption.ts'
import { advise, counted, type Finding, fail, pass, skip } from './finding.ts'

/** Whether the nights are run, by whom, and how the last one went. */
export async function checkNight(database: Client, cron: ServerAddress | undefined): Promise<Finding[]> {
  const schedule = await readNightSchedule(database)
  return [
    ...(schedule ? await checkScheduler(database, schedule, cron) : [neverScheduled]),
    await checkOwed(database),
    await checkLastRun(database),
  ]
}

const neverScheduled = fail('schedule', 'nobody was asked to run the night', 'run `mentor-expiry migrate`')

async function checkScheduler(
  database: Client,
  schedule: NightSchedule,
  address: ServerAddress | undefined,
): Promise<Finding[]> {
  if (schedule.scheduler !== 'pg_cron') return [await checkUnused(database)]
  if (schedule.isHere) return [await checkCronJob(database, schedule)]
  if (address === undefined) {
    return [judgeCalls(schedule, 'pg_cron lives in another database: CRON_DATABASE_URL lets doctor look at its job')]
  }
  const reached = await reach(address, { check: 'schedule', variable: 'CRON_DATABASE_URL' })
  if ('outcome' in reached) return [reached]
  await using cron = reached
  return [await checkEncryption('TLS (pg_cron)', cron, 'CRON_DATABASE_URL'), await checkCronJob(cron, schedule)]
}

/** Whether a pg_cron is left idle that could run the night. */
async function checkUnused(database: Client): Promise<Finding> {
  const found = 'the listener runs the night; keep one running'
  if ((await cronDatabaseOf(database)) === null) return pass('schedule', found)
  return advise(
    'schedule',
    `${found}. This server has pg_cron, which is not used`,
    'nothing, if that is wanted; otherwise `mentor-expiry migrate` gives it the job, or says what stands in the way',
  )
}

/** What the calls of pg_cron tell, where its job is not to be seen. */
function judgeCalls(schedule: NightSchedule, why: string): Finding {
  const silence = silenceOf(schedule, 'closed')
  if (silence !== undefined) return silent(silence)
  if (schedule.calledAgo === null) return skip('schedule', `pg_cron has not called the night yet, and ${why}`)
  return pass('schedule', `pg_cron called the night ${minutes(schedule.calledAgo)} ago; ${why}`)
}

function silent({ seconds, undecided }: Silence): Finding {
  if (undecided) {
    return advise(
      'schedule',
      `pg_cron has not called the night for ${minutes(seconds)}, and had no round since the server came up or the job was made`,
      'look again after its next round',
    )
  }
  return fail(
    'schedule',
    `pg_cron has not called the night for ${minutes(seconds)}`,
    `with the DATABASE_URL (or CRON_DATABASE_URL) of \`migrate\`: mentor-expiry sql "select j.jobname, j.active, d.status, d.return_message, d.start_time from cron.job as j left join cron.job_run_details as d using (jobid) order by d.start_time desc nulls last limit 5"; until then the listener runs the night`,
  )
}

const minutes = (seconds: number) => counted(Math.round(seconds / 60), 'minute')

async function checkCronJob(cron: Client, schedule: NightSchedule): Promise<Finding> {
  const { database } = schedule
  const name = nightJobName(database)
  const job = await readNightJob(cron, database)
  if (job === 'closed' || job === 'unseen') {
    return judgeCalls(schedule, 'its job, which only the login that migrates sees, was not looked at')
  }
  if (job === 'gone') return fail('schedule', `pg_cron has no job ${name}`, 'run `mentor-expiry migrate` again')
  switch (faultOfJob(job, schedule)) {
    case 'disabled':
      return fail('schedule', `the job ${name} is switched off`, `switch it on in cron.job (job ${job.id})`)
    case 'changed':
      return fail(
        'schedule',
        `the job ${name} was changed: "${job.schedule}" in ${job.database}`,
        'run `mentor-expiry migrate` again, or schedule it with `select expiry.schedule_nightly(…)`',
      )
    case 'failing':
      return fail(
        'schedule',
        `the last run of ${name} failed: ${(job.message ?? '').trim().split('\n')[0] ?? ''}`,
        `let ${job.user} connect from the server itself without a password (pg_hba.conf or .pgpass), or set cron.use_background_workers; until then the listener runs the night`,
      )
  }
  const silence = silenceOf(schedule, job)
  if (silence !== undefined) return silent(silence)
  const last = job.ago === null ? 'not run yet' : `last run ${minutes(job.ago)} ago`
  return pass('schedule', `pg_cron runs ${name} at "${job.schedule}"; ${last}`)
}

async function checkOwed(database: Client): Promise<Finding> {
  const { rows } = await database.query<{ count: number }>(
    `select pg_catalog.count(*)::int as count from expiry.nightly_owed() as o
      where o.late_at <= expiry.now() - interval '15 minutes'`,
  )
  const count = rows[0]?.count ?? 0
  if (count === 0) return pass('today', 'no organisation is late')
  return fail(
    'today',
    `the night of ${counted(count, 'organisation')} is late`,
    'start a listener: it catches up at once',
  )
}

async function checkLastRun(database: Client): Promise<Finding> {
  const { rows } = await database.query<{ id: number; status: string; phases: string | null; source: string }>(
    `select r.id::int as id, r.status::text as status, r.source,
            (select pg_catalog.string_agg((p ->> 'phase') || ' (' || (p ->> 'code') || ')', ', ')
               from pg_catalog.jsonb_array_elements(r.phases) as p where p ->> 'outcome' = 'failed') as phases
       from expiry.expiry_runs as r order by r.id desc limit 1`,
  )
  const [run] = rows
  if (!run) return advise('last run', 'there has been none', 'it comes with the first tick, a quarter past the hour')
  const name = `run ${run.id} by ${run.source}`
  if (run.status === 'failed') {
    return fail(
      'last run',
      `${name} failed in ${run.phases}`,
      `select phases from expiry.expiry_runs where id = ${run.id}`,
    )
  }
  if (run.status === 'crashed') return advise('last run', `${name} was broken off`, 'the next one does its work')
  return pass('last run', `${name} is ${run.status}`)
}
