import { Client, type QueryResult, type QueryResultRow } from 'pg'
import type { Runner } from '../support/people.ts'
import { type PostgresServer, startPostgres } from '../support/postgres.ts'
import { startService } from '../support/services.ts'
import { urlOfDatabase } from '../support/template.ts'

/** PostgreSQL 15 with pg_cron preloaded; the extension lives in the database `postgres`. */
export type CronServer = AsyncDisposable & {
  readonly server: PostgresServer
  urlOf(database: string): string
  /** A connection of its own for each query: what pg_cron does must not wait for an idle session of ours. */
  of(database: string): Runner
}

/** Starts one; `settings` go before pg_cron's. */
export async function startCronServer(settings: Record<string, string> = {}): Promise<CronServer> {
  const server = await startPostgres({ version: 15, preload: 'pg_cron', settings })
  const urlOf = (database: string) => urlOfDatabase(server.url, database)
  return {
    server,
    urlOf,
    of: (database) => ({
      query: async <Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<QueryResult<Row>> => {
        const client = new Client({ connectionString: urlOf(database) })
        await client.connect()
        return client.query<Row>(text, values).finally(() => client.end())
      },
    }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** Runs `mentor-expiry migrate` and returns what it said. @throws Error with that when it failed. */
export async function migrate(env: Readonly<Record<string, string>>, ...options: string[]): Promise<string> {
  // The queue elsewhere: its tables are not the matter here, and nobody connects.
  await using service = await startService(['migrate', ...options], { QUEUE_URL: 'redis://127.0.0.1:1', ...env })
  const { code } = await service.exited
  if (code !== 0) throw new Error(`migrate ended with ${code}: ${service.output}`)
  return service.output
}

export type Job = { jobname: string; schedule: string; command: string; database: string; username: string }

/** All of pg_cron's jobs, by name and user. */
export async function jobs(runner: Runner): Promise<Job[]> {
  const { rows } = await runner.query<Job>(
    'select jobname, schedule, command, database, username from cron.job order by jobname, username',
  )
  return rows
}

/** From now on pg_cron fires this job every minute, which is as often as version 1.4 can. */
export async function fireEveryMinute(runner: Runner, jobname: string): Promise<void> {
  const { rowCount } = await runner.query(
    `select cron.alter_job(jobid, schedule := '* * * * *') from cron.job where jobname = $1`,
    [jobname],
  )
  if (rowCount !== 1) throw new Error(`there is no job ${jobname}`)
}

/** How pg_cron says that its runs of a job ended. */
export async function endings(runner: Runner, jobname: string): Promise<{ status: string; message: string | null }[]> {
  const { rows } = await runner.query<{ status: string; message: string | null }>(
    `select d.status, d.return_message as message
       from cron.job_run_details as d join cron.job as j using (jobid)
      where j.jobname = $1 order by d.runid`,
    [jobname],
  )
  return rows
}
