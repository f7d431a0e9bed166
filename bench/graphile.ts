import { Logger, type Runner, run, type TaskList } from 'graphile-worker'
import { Pool } from 'pg'
import { countTo } from './countdown.ts'
import { expectCount } from './measure.ts'
import { committed } from './reminders.ts'

/** Rows a second from the commit of so many jobs until each has updated one row. */
export async function graphileThroughput(
  postgresUrl: string,
  scale: { rows: number; concurrency: number },
): Promise<number> {
  const done = countTo(scale.rows, 'graphile-worker tasks')
  return withRunner(
    postgresUrl,
    scale.concurrency,
    {
      remind: async (payload, { query }) => {
        await query('update bench_log set sent_at = pg_catalog.now() where id = $1', [idOf(payload)])
        done.add(1)
      },
    },
    async (pool) => {
      await pool.query('create table if not exists bench_log (id bigint primary key, sent_at timestamptz)')
      await pool.query('truncate bench_log')
      await pool.query('insert into bench_log (id) select pg_catalog.generate_series(1, $1::int)', [scale.rows])
      const started = await committed(pool, (client) =>
        client.query(
          `select graphile_worker.add_job('remind', pg_catalog.json_build_object('id', g)) from pg_catalog.generate_series(1, $1::int) as g`,
          [scale.rows],
        ),
      )
      const ended = await done.reached
      const { rows } = await pool.query<{ count: number }>(
        'select count(*)::int as count from bench_log where sent_at is not null',
      )
      expectCount('rows updated by graphile-worker', rows[0]?.count ?? 0, scale.rows)
      return (scale.rows * 1_000) / (ended - started)
    },
  )
}

/** Milliseconds from the call of addJob to the start of its task, for so many jobs one after the other. */
export async function graphileLatencies(postgresUrl: string, jobs: number): Promise<number[]> {
  let onStart: (at: number) => void = () => undefined
  const task = () => onStart(performance.now())
  return withRunner(postgresUrl, 10, { remind: async () => task() }, async (_pool, runner) => {
    const times: number[] = []
    for (let job = 0; job < jobs; job += 1) {
      const begun = new Promise<number>((resolve) => {
        onStart = resolve
      })
      const called = performance.now()
      await runner.addJob('remind', { id: job })
      times.push((await begun) - called)
    }
    return times
  })
}

async function withRunner<T>(
  postgresUrl: string,
  concurrency: number,
  taskList: TaskList,
  work: (pool: Pool, runner: Runner) => Promise<T>,
): Promise<T> {
  const pool = new Pool({ connectionString: postgresUrl, max: concurrency + 4 })
  // It asks for somebody who hears of a lost connection; its own statements fail then, and the measurement with them.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  const logger = new Logger(() => () => undefined)
  try {
    const runner = await run({ pgPool: pool, concurrency, noHandleSignals: true, logger, taskList })
    try {
      return await work(pool, runner)
    } finally {
      await runner.stop()
    }
  } finally {
    await pool.end()
  }
}

function idOf(payload: unknown): unknown {
  return typeof payload === 'object' && payload !== null && 'id' in payload ? payload.id : undefined
}
