import type { Pool } from 'pg'
import type { Bench } from './bench.ts'
import { countTo } from './countdown.ts'
import { graphileThroughput } from './graphile.ts'
import { alternate, bestOf, count, type Measured } from './measure.ts'
import { emptyLog, expectReminders, restoreReminders, seedReminders } from './reminders.ts'
import { emptyQueue, startListener, startNotifier, type Urls } from './services.ts'

/** Each of graphile-worker's tasks may need a connection, and the server has a hundred. */
const graphileMost = 50

/** Listener and notifier together on either queue, against graphile-worker running a task that updates one row. */
export async function measurePipeline({
  servers,
  sizes: { rows, rounds, concurrencies },
  say,
}: Bench): Promise<Measured[]> {
  await using database = await servers.database()
  const { pool } = database
  await seedReminders(pool, rows)
  const graphile = (concurrency: number) => graphileThroughput(database.url, { rows, concurrency })
  const onRedis = (concurrency: number) => {
    const urls = { postgresUrl: database.url, queueUrl: servers.redisUrl ?? '' }
    return passAll(pool, urls, { rows, concurrency })
  }
  const onPostgres = (concurrency: number) =>
    passAll(pool, { postgresUrl: database.url, queueUrl: database.url }, { rows, concurrency })
  const hasRedis = servers.redisUrl !== undefined
  say('pipeline: the best concurrency of each')
  const best = {
    graphile: await bestOf([...new Set(concurrencies.map((each) => Math.min(each, graphileMost)))], graphile),
    onRedis: hasRedis ? await bestOf(concurrencies, onRedis) : 0,
    onPostgres: await bestOf(concurrencies, onPostgres),
  }
  say('pipeline: the rounds')
  const measured = await alternate(rounds, {
    ...(hasRedis && { onRedis: () => onRedis(best.onRedis) }),
    graphile: () => graphile(best.graphile),
    onPostgres: () => onPostgres(best.onPostgres),
  })
  const row = (name: 'onRedis' | 'onPostgres') => ({
    work: `whole pipeline: ${count(rows)} rows, queue on ${name === 'onRedis' ? 'Redis' : 'PostgreSQL'}, concurrency ${best[name]}`,
    baseline: `graphile-worker 0.17, a task that updates one row, concurrency ${best.graphile}`,
    unit: 'rows/s' as const,
    figure: measured.middle(name),
    reference: measured.middle('graphile'),
  })
  const beside: Measured = {
    ...row('onPostgres'),
    bound: { kind: 'beside' },
    limit:
      "one function call and one commit a job (BullMQ's move_to_completed_fetch), over half of the samples taken of the server",
  }
  if (!hasRedis) return [beside]
  return [
    {
      ...row('onRedis'),
      bound: { kind: 'at least', floor: 1.5, aim: 3 },
      limit:
        "the server's claim, begin and finish, some 0.2 ms of a processor for each row, and BullMQ's own work beside them",
    },
    beside,
  ]
}

/** Rows a second from the commit that makes them pending to the last `sent` that is committed. */
async function passAll(
  pool: Pool,
  urls: Urls,
  { rows, concurrency }: { rows: number; concurrency: number },
): Promise<number> {
  await emptyLog(pool)
  await emptyQueue(urls.queueUrl)
  const sent = countTo(rows, 'reminders sent')
  const started = await (async () => {
    await using _notifier = await startNotifier(urls, { concurrency, onSent: () => sent.add(1) })
    await using _listener = await startListener(urls, {})
    const at = await restoreReminders(pool)
    await sent.reached
    return at
  })()
  await expectReminders(pool, 'sent', rows)
  await emptyQueue(urls.queueUrl)
  return (rows * 1_000) / ((await sent.reached) - started)
}
