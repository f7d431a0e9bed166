import type { Pool } from 'pg'
import { reminderQueue } from '../contracts/reminder-job.ts'
import { connectQueue } from '../runtime/queue.ts'
import type { Bench } from './bench.ts'
import { countTo } from './countdown.ts'
import { fillQueue } from './listener.ts'
import { alternate, type Bound, bestOf, count, type Measured, type Sizes } from './measure.ts'
import { canEmulateProcessors, emulateProcessors } from './processors.ts'
import { expectReminders, seedReminders } from './reminders.ts'
import { emptyQueue, startNotifier, type Urls } from './services.ts'
import { leaveOutChecks } from './unchecked.ts'

/** Queued jobs to `sent`, by the notifier alone, against a bare worker that does nothing with the same jobs. */
export async function measureNotifier({ servers, sizes, say }: Bench): Promise<Measured[]> {
  await using database = await servers.database()
  const { pool } = database
  await seedReminders(pool, sizes.rows)
  const { redisUrl } = servers
  const measured: Measured[] = []
  const measure = async (setting: Setting, queueUrl: string) => {
    say(`notifier: ${setting.name}`)
    measured.push(await inSetting(setting, pool, { postgresUrl: database.url, queueUrl }, sizes))
    await emptyQueue(queueUrl)
  }
  if (redisUrl !== undefined) {
    await measure(onRedis, redisUrl)
    if (canEmulateProcessors) {
      await using _processors = await emulateProcessors({ postgresUrl: database.url, queueUrl: redisUrl })
      await measure(onFour, redisUrl)
    } else say('processors cannot be emulated by this user or system: the row that needs them is left out')
  }
  await measure(onPostgres, database.url)
  if (redisUrl !== undefined) {
    await leaveOutChecks(pool)
    await measure(unchecked, redisUrl)
  }
  return measured
}

type Setting = { name: string; bound: Bound; limit: string }

const onRedis: Setting = {
  name: 'queued on Redis',
  bound: { kind: 'at least', floor: 0.5, aim: 0.8 },
  limit:
    'two processors: of each row PostgreSQL takes some 0.09 ms of one (begin and finish one update each, which writes three and two indexes, and one attempt with two), Node 0.08 and Redis 0.05, where a bare worker takes 0.03 and 0.04 and has the processors for itself. What is left when nothing is checked stands below',
}

const onFour: Setting = {
  name: 'queued on Redis, each process on a processor of its own (four, each 0.4 of a real one)',
  bound: { kind: 'at least', floor: 0.5, aim: 0.8 },
  limit:
    'Node, whose threads share one of the four, as they do for the bare worker: half of its time is BullMQ’s and the driver’s of Redis, as there. A second notifier would share the work',
}

const onPostgres: Setting = {
  name: 'queued on PostgreSQL',
  bound: { kind: 'beside' },
  limit:
    "one function call and one commit a job (BullMQ's move_to_completed_fetch), over half of the samples taken of the server",
}

const unchecked: Setting = {
  name: 'queued on Redis, begun and finished by SQL that checks nothing',
  bound: { kind: 'beside' },
  limit:
    'never right, and there to show what the checks cost: an update to begin, an update and an attempt to finish, without locks, facts, fences and triggers. Whatever begins and finishes each row durably stays below this on two processors',
}

async function inSetting(
  { name, bound, limit }: Setting,
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
  return {
    work: `notifier: ${count(rows)} jobs ${name} → sent, instant channel, concurrency ${best.notifier}`,
    baseline: `bare BullMQ worker, empty handler, concurrency ${best.bare}`,
    unit: 'rows/s',
    figure: measured.middle('notifier'),
    reference: measured.middle('bare'),
    bound,
    limit,
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
