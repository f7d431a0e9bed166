import type { Pool } from 'pg'
import { reminderQueue } from '../contracts/reminder-job.ts'
import { connectQueue } from '../runtime/queue.ts'
import type { Bench } from './bench.ts'
import { countTo } from './countdown.ts'
import { fillQueue } from './listener.ts'
import { alternate, type Bound, bestOf, count, type Measured, type Sizes } from './measure.ts'
import { expectReminders, seedReminders } from './reminders.ts'
import { emptyQueue, startNotifier, type Urls } from './services.ts'

/** Queued jobs to `sent`, by the notifier alone, against a bare worker that does nothing with the same jobs. */
export async function measureNotifier({ servers, sizes, say }: Bench): Promise<Measured[]> {
  await using database = await servers.database()
  const { pool } = database
  await seedReminders(pool, sizes.rows)
  const measured: Measured[] = []
  for (const [name, queueUrl] of [
    ['Redis', servers.redisUrl],
    ['PostgreSQL', database.url],
  ] as const) {
    if (queueUrl === undefined) continue
    say(`notifier on ${name}`)
    measured.push(await onQueue(name, pool, { postgresUrl: database.url, queueUrl }, sizes))
    await emptyQueue(queueUrl)
  }
  return measured
}

async function onQueue(
  name: 'Redis' | 'PostgreSQL',
  pool: Pool,
  urls: Urls,
  { rows, rounds, concurrencies }: Sizes,
): Promise<Measured> {
  const notifier = (concurrency: number) => sendAll(pool, urls, { rows, concurrency })
  const bare = (concurrency: number) => workThrough(pool, urls, { rows, concurrency })
  const best = { notifier: await bestOf(concurrencies, notifier), bare: await bestOf(concurrencies, bare) }
  const measured = await alternate(rounds, {
    notifier: () => notifier(best.notifier),
    bare: () => bare(best.bare),
  })
  const bound: Bound = name === 'Redis' ? { kind: 'at least', floor: 0.5, aim: 0.8 } : { kind: 'beside' }
  return {
    work: `notifier: ${count(rows)} jobs queued on ${name} → sent, instant channel, concurrency ${best.notifier}`,
    baseline: `bare BullMQ worker, empty handler, concurrency ${best.bare}`,
    unit: 'rows/s',
    figure: measured.middle('notifier'),
    reference: measured.middle('bare'),
    bound,
    limit:
      name === 'Redis'
        ? 'two processors, and what a row takes of them, measured beside other work: PostgreSQL 0.09 ms (begin and finish one update each, which writes three and two indexes, and one attempt with two: over half of it), Node 0.09 and Redis 0.06, where a bare worker takes 0.045 and 0.05. Half its pace would leave 0.1 ms for all that is not BullMQ, and it is some 0.145'
        : "one function call and one commit a job (BullMQ's move_to_completed_fetch), over half of the samples taken of the server",
  }
}

type Scale = { rows: number; concurrency: number }

/** Rows a second from the opened worker to the last `sent` that is committed. */
async function sendAll(pool: Pool, urls: Urls, { rows, concurrency }: Scale): Promise<number> {
  await fillQueue(pool, urls, rows)
  const sent = countTo(rows, 'reminders sent')
  const started = await (async () => {
    await using _notifier = await startNotifier(urls, { concurrency, onSent: () => sent.add(1) })
    const at = performance.now()
    await sent.reached
    return at
  })()
  await expectReminders(pool, 'sent', rows)
  return (rows * 1_000) / ((await sent.reached) - started)
}

async function workThrough(pool: Pool, urls: Urls, { rows, concurrency }: Scale): Promise<number> {
  await fillQueue(pool, urls, rows)
  const done = countTo(rows, 'jobs completed')
  const connection = connectQueue({
    url: urls.queueUrl,
    role: 'worker',
    name: 'bench',
    connections: Math.min(concurrency, 10),
    onError: () => undefined,
  })
  try {
    await connection.ready(() => undefined, new AbortController().signal)
    const started = performance.now()
    const worker = connection.openWorker(reminderQueue, async () => undefined, { concurrency })
    worker.on('error', () => undefined)
    worker.on('completed', () => done.add(1))
    const ended = await done.reached
    await worker.close()
    return (rows * 1_000) / (ended - started)
  } finally {
    await connection.close()
  }
}
