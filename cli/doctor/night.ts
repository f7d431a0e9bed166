import type { Client } from 'pg'
import { faultOfJob, nightJobName, readNightJob } from '../../runtime/cron-job.ts'
import type { ServerAddress } from '../../runtime/server-address.ts'
import { reach } from './connections.ts'
import { checkEncryption } from './encryption.ts'
import { advise, counted, type Finding, fail, pass, skip } from './finding.ts'

type Schedule = { scheduler: string; schedule: string; database: string; cron_here: boolean }

/** Whether the nights are run, by whom, and how the last one went. */
export async function checkNight(database: Client, cron: ServerAddress | undefined): Promise<Finding[]> {
  const { rows } = await database.query<Schedule>(
    `select s.scheduler::text as scheduler, s.schedule, pg_catalog.current_database()::text as database,
            exists (select from pg_catalog.pg_extension as e where e.extname = 'pg_cron') as cron_here
       from expiry.nightly_schedule as s`,
  )
  const [schedule] = rows
  return [
    ...(schedule ? await checkScheduler(database, schedule, cron) : [neverScheduled]),
    await checkOwed(database),
    await checkLastRun(database),
  ]
}

const neverScheduled = fail('schedule', 'nobody was asked to run the night', 'run `mentor-expiry migrate`')

async function checkScheduler(
  database: Client,
  schedule: Schedule,
  address: ServerAddress | undefined,
): Promise<Finding[]> {
  if (schedule.scheduler !== 'pg_cron') return [pass('schedule', 'the listener runs the night; keep one running')]
  if (schedule.cron_here) return [await checkCronJob(database, schedule)]
  if (address === undefined) {
    return [skip('schedule', 'pg_cron lives in another database: set CRON_DATABASE_URL to look at its job')]
  }
  const reached = await reach(address, { check: 'schedule', variable: 'CRON_DATABASE_URL' })
  if ('outcome' in reached) return [reached]
  await using cron = reached
  return [await checkEncryption('TLS (pg_cron)', cron, 'CRON_DATABASE_URL'), await checkCronJob(cron, schedule)]
}

async function checkCronJob(cron: Client, { database, schedule }: Schedule): Promise<Finding> {
  const name = nightJobName(database)
  const job = await readNightJob(cron, database)
  if (job === 'closed') {
    return skip('schedule', 'this login may not read the tables of pg_cron; run doctor as the login that ran migrate')
  }
  if (job === 'gone' || job === 'unseen') {
    return fail('schedule', `pg_cron has no job ${name} that this login sees`, 'run `mentor-expiry migrate` again')
  }
  switch (faultOfJob(job, { database, schedule })) {
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
  const last = job.ago === null ? 'not run yet' : `last run ${Math.round(job.ago / 60)} minutes ago`
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
