import { setTimeout as after } from 'node:timers/promises'
import { Logger, run } from 'graphile-worker'
import { Pool } from 'pg'
import { parseConfig } from '../runtime/config.ts'
import { runListener } from '../services/listener/listener.ts'
import type { Channel } from '../services/notifier/channels/channel.ts'
import { runNotifier } from '../services/notifier/notifier.ts'

const instant: Channel = {
  name: 'instant',
  deliver: async (delivery) => ({ kind: 'accepted', code: 'instant', messageId: `<${delivery.id}@bench>` }),
  probe: async () => undefined,
  async [Symbol.asyncDispose]() {},
}

/** Rows a second from `pending` to `sent` committed, listener and notifier in this process, an instant channel. */
export async function measurePipeline(
  urls: { postgresUrl: string; queueUrl: string },
  scale: { rows: number; concurrency: number },
): Promise<number> {
  const pool = new Pool({ connectionString: urls.postgresUrl, max: 2 })
  try {
    await insertPending(pool, scale.rows)
    const config = parseConfig({
      DATABASE_URL: urls.postgresUrl,
      QUEUE_URL: urls.queueUrl,
      NOTIFIER_CONCURRENCY: String(scale.concurrency),
    })
    const stop = new AbortController()
    const started = performance.now()
    const services = [
      runListener({ observe: () => undefined }, config, stop.signal),
      runNotifier({ channels: [instant], observe: () => undefined }, config, stop.signal),
    ]
    await drained(pool, `select from expiry.reminder_dispatch_log where status in ('pending', 'queued', 'sending')`)
    const rate = (scale.rows * 1_000) / (performance.now() - started)
    stop.abort()
    await Promise.all(services)
    return rate
  } finally {
    await pool.end()
  }
}

/** The same number of graphile-worker jobs, each of which updates one row of the log. */
export async function measureGraphileWorker(
  postgresUrl: string,
  scale: { rows: number; concurrency: number },
): Promise<number> {
  const pool = new Pool({ connectionString: postgresUrl, max: scale.concurrency + 4 })
  const runner = await run({
    pgPool: pool,
    concurrency: scale.concurrency,
    noHandleSignals: true,
    logger: new Logger(() => () => undefined),
    taskList: {
      remind: async (payload, { query }) => {
        const id = typeof payload === 'object' && payload !== null && 'id' in payload ? payload.id : undefined
        await query('update bench_log set sent_at = pg_catalog.now() where id = $1', [id])
      },
    },
  })
  try {
    await pool.query(`create table if not exists bench_log (id bigint primary key, sent_at timestamptz)`)
    await pool.query('truncate bench_log')
    await pool.query('insert into bench_log (id) select pg_catalog.generate_series(1, $1::int)', [scale.rows])
    const started = performance.now()
    await pool.query(
      `select graphile_worker.add_job('remind', pg_catalog.json_build_object('id', g)) from pg_catalog.generate_series(1, $1::int) as g`,
      [scale.rows],
    )
    await drained(pool, 'select from bench_log where sent_at is null')
    return (scale.rows * 1_000) / (performance.now() - started)
  } finally {
    await runner.stop()
    await pool.end()
  }
}

/** The best rate among these concurrencies. */
export async function bestOf(
  concurrencies: number[],
  measure: (concurrency: number) => Promise<number>,
): Promise<{ rate: number; concurrency: number }> {
  let best = { rate: 0, concurrency: 0 }
  for (const concurrency of concurrencies) {
    const rate = await measure(concurrency)
    if (rate > best.rate) best = { rate, concurrency }
  }
  return best
}

async function insertPending(pool: Pool, rows: number): Promise<void> {
  const { rows: organisations } = await pool.query<{ id: string }>(
    `insert into expiry.organisations (slug, name, fallback_email)
     values ('pipeline-' || pg_catalog.gen_random_uuid(), 'P', 'fallback@example.org') returning id`,
  )
  await pool.query(
    `insert into expiry.mentors (organisation_id, full_name)
     select $1, 'M' from pg_catalog.generate_series(1, $2::int)`,
    [organisations[0]?.id, rows],
  )
  await pool.query(
    `insert into expiry.certifications (mentor_id, expiry_date)
     select m.id, current_date + 14 from expiry.mentors as m where m.organisation_id = $1`,
    [organisations[0]?.id],
  )
  await pool.query('vacuum analyze')
}

async function drained(pool: Pool, left: string): Promise<void> {
  for (;;) {
    const { rows } = await pool.query<{ left: boolean }>(`select exists (${left}) as left`)
    if (rows[0]?.left === false) return
    await after(25)
  }
}
