import type { JobsOptions } from 'bullmq'
import type { Pool } from 'pg'
import { type ReminderJob, reminderJobId, reminderQueue } from '../contracts/reminder-job.ts'
import { connectQueue } from '../runtime/queue.ts'
import type { Bench } from './bench.ts'
import { countTo } from './countdown.ts'
import { alternate, count, expectCount, type Measured } from './measure.ts'
import { emptyLog, expectReminders, restoreReminders, seedReminders } from './reminders.ts'
import { emptyQueue, startListener, type Urls } from './services.ts'

/** Pending reminders into jobs, by the listener alone, against the bare addBulk of the same jobs. */
export async function measureListener({ servers, sizes: { rows, rounds } }: Bench): Promise<Measured[]> {
  const { redisUrl } = servers
  if (redisUrl === undefined) return []
  await using database = await servers.database()
  const urls = { postgresUrl: database.url, queueUrl: redisUrl }
  const { pool } = database
  await seedReminders(pool, rows)
  const { batch } = await fillQueue(pool, urls, rows)
  const sample = await readJobs(pool, urls.queueUrl, batch)
  const measured = await alternate(rounds, {
    listener: async () => (await fillQueue(pool, urls, rows)).rate,
    bare: () => addBare(urls.queueUrl, sample),
  })
  return [
    {
      work: `listener: ${count(rows)} pending rows → jobs on Redis`,
      baseline: `bare addBulk of the same jobs, ${count(sample.batch)} at a time`,
      unit: 'rows/s',
      figure: measured.middle('listener'),
      reference: measured.middle('bare'),
      bound: { kind: 'at least', floor: 0.6, aim: 0.8 },
      limit:
        'BullMQ’s adding, 32 ms for 1,000 rows, in two halves of which one is made ready while Redis takes the other. Half of the claim’s 12 ms, most of them the upkeep of indexes, goes before it, the other half beside it. Twice as large a claim took 0.84 (tried once), and would keep other listeners waiting for twice as long',
    },
  ]
}

/**
 * Empties log and queue, makes the kept reminders pending and lets the listener queue them all. Returns its rate, rows a
 * second from the commit to the last batch's, and its largest batch.
 */
export async function fillQueue(pool: Pool, urls: Urls, rows: number): Promise<{ rate: number; batch: number }> {
  await emptyLog(pool)
  await emptyQueue(urls.queueUrl)
  const queued = countTo(rows, 'reminders queued')
  let batch = 0
  const onDispatched = (more: number) => {
    batch = Math.max(batch, more)
    queued.add(more)
  }
  const from = await (async () => {
    await using _listener = await startListener(urls, { window: rows, onDispatched })
    const at = await restoreReminders(pool)
    await queued.reached
    return at
  })()
  await expectReminders(pool, 'queued', rows)
  return { rate: (rows * 1_000) / ((await queued.reached) - from), batch }
}

type Jobs = { jobs: ReminderJob[]; optionsOf: (job: ReminderJob) => JobsOptions; batch: number }

/** The jobs that the listener has made, with the options that it has given them. */
async function readJobs(pool: Pool, queueUrl: string, batch: number): Promise<Jobs> {
  const { rows } = await pool.query<{ id: string; generation: number; threshold_day: number }>(
    'select id, generation, threshold_day from expiry.reminder_dispatch_log order by threshold_day, id',
  )
  const priorities = new Map(rows.map((row) => [Number(row.id), row.threshold_day]))
  const jobs = rows.map(({ id, generation }) => ({ id: Number(id), generation }))
  const connection = connectQueue({ ...producer, url: queueUrl })
  try {
    await connection.ready(() => undefined, new AbortController().signal)
    const queue = connection.openQueue(reminderQueue)
    const [first] = jobs
    const sample = first && (await queue.getJob(reminderJobId(first)))
    if (!sample) throw new Error('the listener has left no job')
    const { opts } = sample
    await queue.close()
    const optionsOf = (job: ReminderJob) => ({
      ...opts,
      jobId: reminderJobId(job),
      priority: priorities.get(job.id) ?? 0,
    })
    return { jobs, optionsOf, batch }
  } finally {
    await connection.close()
  }
}

async function addBare(queueUrl: string, { jobs, optionsOf, batch }: Jobs): Promise<number> {
  await emptyQueue(queueUrl)
  const connection = connectQueue({ ...producer, url: queueUrl })
  try {
    await connection.ready(() => undefined, new AbortController().signal)
    const queue = connection.openQueue(reminderQueue)
    await queue.waitUntilReady()
    const started = performance.now()
    for (let at = 0; at < jobs.length; at += batch) {
      const some = jobs.slice(at, at + batch)
      await queue.addBulk(some.map((job) => ({ name: 'reminder', data: job, opts: optionsOf(job) })))
    }
    const rate = (jobs.length * 1_000) / (performance.now() - started)
    expectCount('jobs added', await queue.getPrioritizedCount(), jobs.length)
    await queue.close()
    return rate
  } finally {
    await connection.close()
  }
}

const producer = { role: 'producer', name: 'bench', connections: 2, onError: () => undefined } as const
