import type { Pool } from 'pg'
import { bareLatencies } from './bare-way.ts'
import type { Bench } from './bench.ts'
import { withResolvers } from './countdown.ts'
import { graphileLatencies } from './graphile.ts'
import { alternate, count, type Measured, median, quantile } from './measure.ts'
import { committed, emptyLog, expectReminders } from './reminders.ts'
import { certify, seedMentors } from './seed.ts'
import { emptyQueue, instantChannel, startListener, startNotifier, type Urls } from './services.ts'

type Name = 'figure' | 'onPostgres' | 'bare' | 'reference'

/** Changes before the measured ones, while connections open and code warms up. */
const warmUp = 20

/** How soon one changed date reaches the channel while nothing else is going on, against graphile-worker's one job. */
export async function measureLatency({ servers, sizes: { changes, rounds } }: Bench): Promise<Measured[]> {
  await using database = await servers.database()
  const { pool } = database
  await seedMentors(pool, changes + warmUp)
  await certify(pool, { from: 100, to: 300 })
  const p95: Record<Name, number[]> = { figure: [], onPostgres: [], bare: [], reference: [] }
  const p50 = async (name: Name, latencies: Promise<number[]>) => {
    const measured = (await latencies).slice(warmUp)
    p95[name].push(quantile(measured, 0.95))
    return median(measured)
  }
  const changeAll = (queueUrl: string) =>
    reminderLatencies(pool, { postgresUrl: database.url, queueUrl }, changes + warmUp)
  const { redisUrl } = servers
  const measured = await alternate(rounds, {
    ...(redisUrl !== undefined && {
      figure: () => p50('figure', changeAll(redisUrl)),
      bare: () => p50('bare', bareLatencies({ postgresUrl: database.url, queueUrl: redisUrl }, changes + warmUp)),
    }),
    reference: () => p50('reference', graphileLatencies(database.url, changes + warmUp)),
    onPostgres: () => p50('onPostgres', changeAll(database.url)),
  })
  const row = (name: Exclude<Name, 'reference'>, work: string, limit: string) => ({
    work: `commit of a changed date → channel called, ${work}: p50 of ${count(changes)} changes, one at a time (p95 ${ms(median(p95[name]))})`,
    baseline: `graphile-worker 0.17, addJob → task start, p50 (p95 ${ms(median(p95.reference))})`,
    unit: 'ms' as const,
    figure: measured.middle(name),
    reference: measured.middle('reference'),
    bound: { kind: 'beside' } as const,
    limit,
  })
  const onRedis = [
    {
      ...row('figure', 'queue on Redis', limits.work),
      bound: { kind: 'at most', floor: 2, aim: 1 } as const,
    },
    row('bare', 'the way alone, without a claim, a check or a record', limits.way),
  ]
  return [...(redisUrl === undefined ? [] : onRedis), row('onPostgres', 'queue on PostgreSQL', limits.onPostgres)]
}

const limits = {
  work: 'half of it is the way (the row of the way alone), most of the other half begin: some 0.8 ms with its commit, in a process that has just slept. A third of that is making its one long statement ready, spread over all that it asks; leaving to functions what only rare rows need made it 0.05 ms faster',
  onPostgres:
    'as on Redis, and BullMQ’s functions and commits where Redis takes a command (from the difference of the two rows, not profiled)',
  way: 'five ways there and back between processes that sleep; the baseline has two, and does more in each',
}

/** Milliseconds from right before each commit to the channel's call; each change waits until the one before is sent. */
export async function reminderLatencies(pool: Pool, urls: Urls, changes: number): Promise<number[]> {
  await emptyLog(pool)
  await emptyQueue(urls.queueUrl)
  await pool.query(`
    alter table expiry.certifications disable trigger user;
    update expiry.certifications set expiry_date = expiry_date + 200 where expiry_date < current_date + 60;
    alter table expiry.certifications enable trigger user;
    update expiry.organisations set send_from = null, send_until = null;
  `)
  await pool.query('vacuum analyze')
  const { rows: mentors } = await pool.query<{ id: string; ref: string }>(
    'select m.id, m.external_ref as ref from expiry.mentors as m order by m.external_ref',
  )
  let called = withResolvers<number>()
  let sent = withResolvers<void>()
  let expected = ''
  const channel = instantChannel((ref) => {
    if (ref === expected) called.resolve(performance.now())
    else called.reject(new Error('the channel was called about somebody else'))
  })
  const times: number[] = []
  {
    await using _notifier = await startNotifier(urls, { concurrency: 10, channel, onSent: () => sent.resolve() })
    await using _listener = await startListener(urls, {})
    for (const { id, ref } of mentors.slice(0, changes)) {
      called = withResolvers()
      sent = withResolvers()
      expected = ref
      const at = await committed(pool, (client) =>
        client.query('update expiry.certifications set expiry_date = current_date + 20 where mentor_id = $1', [id]),
      )
      times.push((await called.promise) - at)
      await sent.promise
    }
  }
  await expectReminders(pool, 'sent', changes)
  await emptyQueue(urls.queueUrl)
  return times
}

const ms = (value: number) => `${value.toFixed(1)} ms`
