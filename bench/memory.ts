import { existsSync } from 'node:fs'
import { setTimeout as after } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { Bench } from './bench.ts'
import { type BuiltServices, buildServices } from './build.ts'
import { count, type Measured, median } from './measure.ts'
import { committed, emptyLog, expectReminders, seedReminders } from './reminders.ts'
import { startListenerProcess, startNotifierProcess } from './service-process.ts'
import { emptyQueue, type Urls } from './services.ts'

const concurrency = 50

/** Milliseconds without a further reminder sent after which the services count as hung. */
const patience = 60_000

type Peaks = { listener: number; notifier: number }

/**
 * The most memory that listener and notifier, in processes of their own, have had when many rows have passed, against the
 * most that they have had when the first of them have: VmHWM, so that no peak between two looks is missed.
 */
export async function measureMemory({ servers, sizes: { memoryRows, rounds }, say }: Bench): Promise<Measured[]> {
  if (servers.redisUrl === undefined) return []
  if (!existsSync('/proc/self/status')) {
    say('this system does not tell the memory of a process: left out')
    return []
  }
  const few = Math.min(10_000, Math.ceil(memoryRows / 10))
  await using database = await servers.database()
  const built = await buildServices(servers.folder)
  const passing = { built, urls: { postgresUrl: database.url, queueUrl: servers.redisUrl } }
  const { pool } = database
  await seedReminders(pool, memoryRows)
  const fewPeaks: Peaks[] = []
  // To start afresh for a few rows is quick. All of them pass once: it takes long, and chance can only raise a peak.
  for (let round = 1; round < rounds; round += 1) fewPeaks.push((await passRows(pool, passing, { few, all: few })).few)
  const last = await passRows(pool, passing, { few, all: memoryRows })
  fewPeaks.push(last.few)
  const row = (name: keyof Peaks): Measured => ({
    work: `memory of the ${name} while ${count(memoryRows)} rows pass`,
    baseline: `its own at ${count(few)} rows`,
    unit: 'MB',
    figure: last.all[name],
    reference: median(fewPeaks.map((peaks) => peaks[name])),
    bound: { kind: 'at most', floor: 1.3, aim: 1.1 },
    limit:
      'garbage, by what the listener’s half of the queue has shown: its peak stands still once the heap is limited; the notifier was not profiled',
  })
  return [row('listener'), row('notifier')]
}

async function passRows(
  pool: Pool,
  { built, urls }: { built: BuiltServices; urls: Urls },
  { few, all }: { few: number; all: number },
): Promise<{ few: Peaks; all: Peaks }> {
  await emptyLog(pool)
  await emptyQueue(urls.queueUrl)
  await using listener = startListenerProcess(built, urls)
  await using notifier = startNotifierProcess(built, urls, concurrency)
  const peaks = async () => ({ listener: await listener.peak(), notifier: await notifier.peak() })
  await release(pool, { after: 0, upTo: few })
  await allSent(pool, peaks)
  const atFew = await peaks()
  if (all > few) {
    await release(pool, { after: few, upTo: all })
    await allSent(pool, peaks)
  }
  const atAll = await peaks()
  await expectReminders(pool, 'sent', all)
  return { few: atFew, all: atAll }
}

/** Makes these of the kept reminders pending by one commit, as one large night would. */
async function release(pool: Pool, { after, upTo }: { after: number; upTo: number }): Promise<void> {
  await committed(pool, async (client) => {
    await client.query('set local session_replication_role = replica')
    await client.query(
      `insert into expiry.reminder_dispatch_log overriding system value
       select * from bench_reminders where id > $1 and id <= $2`,
      [after, upTo],
    )
    await client.query(`select pg_catalog.pg_notify('expiry_reminders', '')`)
  })
}

/** Waits until nothing is left to send; rejects where nothing moves any more, or a service has ended. */
async function allSent(pool: Pool, areAlive: () => Promise<unknown>): Promise<void> {
  let moved = { attempts: -1, at: performance.now() }
  for (;;) {
    const { rows } = await pool.query<{ left: boolean; attempts: number }>(
      `select exists (select from expiry.reminder_dispatch_log where status in ('pending', 'queued', 'sending')) as left,
              (select n_tup_ins::int from pg_catalog.pg_stat_all_tables
                where relid = 'expiry.reminder_delivery_attempts'::regclass) as attempts`,
    )
    const [{ left, attempts } = { left: true, attempts: 0 }] = rows
    if (!left) return
    if (attempts !== moved.attempts) moved = { attempts, at: performance.now() }
    if (performance.now() - moved.at > patience) throw new Error(`no reminder was sent for a minute, after ${attempts}`)
    await areAlive()
    await after(200)
  }
}
