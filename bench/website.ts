import { setTimeout as after } from 'node:timers/promises'
import type { Pool } from 'pg'
import { type Simulator, startSimulator } from '../simulator/simulator.ts'
import type { Bench } from './bench.ts'
import { buildServices } from './build.ts'
import { withResolvers } from './countdown.ts'
import { reminderLatencies } from './latency.ts'
import { alternate, count, expectCount, type Measured, median, quantile, seconds } from './measure.ts'
import { committed } from './reminders.ts'
import { certify, publishAll, seedMentors } from './seed.ts'
import { startPortalSyncProcess } from './service-process.ts'
import { emptyQueue, startListener, startPortalSync, type Urls } from './services.ts'

const warmUp = 20

/** Requests a second of the budget that is measured, and of one that is none. */
const budget = 250
const lifted = 1_000

/** How soon and how fast the website follows, against the reminders' own latency and the budget; the portal is imitated. */
export async function measureWebsite(bench: Bench): Promise<Measured[]> {
  const { redisUrl } = bench.servers
  if (redisUrl === undefined) return []
  return [...(await measureFollowing(bench, redisUrl)), ...(await measureBudget(bench, redisUrl))]
}

async function measureFollowing({ servers, sizes: { changes, rounds } }: Bench, queueUrl: string): Promise<Measured[]> {
  await using reminders = await servers.database()
  await seedMentors(reminders.pool, changes + warmUp)
  await certify(reminders.pool, { from: 100, to: 300 })
  await using website = await openWebsite(servers, queueUrl, changes + warmUp)
  const p95: Record<string, number[]> = {}
  const p50 = async (name: string, latencies: Promise<number[]>) => {
    const measured = (await latencies).slice(warmUp)
    p95[name] = [...(p95[name] ?? []), quantile(measured, 0.95)]
    return median(measured)
  }
  const urls = { postgresUrl: website.url, queueUrl }
  const follow = (status: 'paused' | 'active') => changeStatuses(website, urls, status)
  const measured = await alternate(rounds, {
    reference: () =>
      p50('reference', reminderLatencies(reminders.pool, { postgresUrl: reminders.url, queueUrl }, changes + warmUp)),
    hiding: () => p50('hiding', follow('paused')),
    revealing: () => p50('revealing', follow('active')),
  })
  const ms = (name: string) => `${median(p95[name] ?? []).toFixed(1)} ms`
  const row = (name: 'hiding' | 'revealing') => ({
    work: `commit of a change that ${name === 'hiding' ? 'hides' : 'reveals'} a mentor → PATCH received: p50 of ${count(changes)} changes, one at a time (p95 ${ms(name)})`,
    baseline: `commit of a changed date → channel called, queue on Redis, p50 (p95 ${ms('reference')})`,
    unit: 'ms' as const,
    figure: measured.middle(name),
    reference: measured.middle('reference'),
  })
  return [
    {
      ...row('hiding'),
      bound: { kind: 'at most', floor: 2, aim: 1 },
      limit: 'the way through the queue that reminders go as well; begin, and one request over HTTP',
    },
    {
      ...row('revealing'),
      bound: { kind: 'beside' },
      limit: 'as above, and a request that reads the contact, whose version the write names',
    },
  ]
}

async function measureBudget(
  { servers, sizes: { lapsing: mentors, rounds } }: Bench,
  queueUrl: string,
): Promise<Measured[]> {
  await using website = await openWebsite(servers, queueUrl, mentors)
  const urls = { postgresUrl: website.url, queueUrl }
  const measured = await alternate(rounds, {
    paced: () => changeAll(website, urls, mentors, budget),
    lifted: () => changeAll(website, urls, mentors, lifted),
  })
  const row = (rate: number, name: 'paced' | 'lifted') => ({
    work: `${count(mentors)} mentors hidden by one statement → acknowledged, budget of ${count(rate)} requests a second`,
    baseline: 'so many requests at the rate of the budget',
    unit: 's' as const,
    figure: measured.middle(name),
    reference: mentors / rate,
  })
  return [
    {
      ...row(budget, 'paced'),
      bound: { kind: 'at most', floor: 1.2, aim: 1.05 },
      limit: 'the budget, each of whose turns is a little late',
    },
    {
      ...row(lifted, 'lifted'),
      bound: { kind: 'beside' },
      limit:
        'waiting: four at once, each for a begin, a request, a record and its job; half of the time the process, which imitates the portal as well, is idle',
    },
  ]
}

/** The most memory that portal-sync has had when many contacts were compared, against when a tenth of them were. */
export async function measureReconciliation({ servers, sizes: { due: contacts } }: Bench): Promise<Measured[]> {
  const { redisUrl } = servers
  if (redisUrl === undefined) return []
  const built = await buildServices(servers.folder)
  const peakAt = async (mentors: number) => {
    await using website = await openWebsite(servers, redisUrl, mentors)
    await emptyQueue(redisUrl)
    await using service = startPortalSyncProcess(built, { postgresUrl: website.url, queueUrl: redisUrl }, website.env)
    const taken = await seconds(() => reconcileAll(website.pool, mentors))
    return { peak: await service.peak(), taken }
  }
  const few = await peakAt(Math.ceil(contacts / 10))
  const all = await peakAt(contacts)
  return [
    {
      work: `memory of portal-sync while ${count(contacts)} contacts are compared (in ${all.taken.toFixed(0)} s)`,
      baseline: `its own at ${count(Math.ceil(contacts / 10))} (${few.taken.toFixed(0)} s)`,
      unit: 'MB',
      figure: all.peak,
      reference: few.peak,
      bound: { kind: 'at most', floor: 1.3, aim: 1.1 },
      limit: 'one page of a thousand contacts at a time',
    },
  ]
}

async function reconcileAll(pool: Pool, mentors: number): Promise<void> {
  await pool.query(`select expiry.ask_portal_reconciliation('bench', true)`)
  for (;;) {
    const { rows } = await pool.query<{ status: string; contacts: number; pushed: number }>(
      'select status, contacts, pushed from expiry.portal_reconciliations order by id desc limit 1',
    )
    const [run] = rows
    if (run && !['requested', 'running'].includes(run.status)) {
      expectCount('contacts compared', run.contacts, mentors)
      expectCount('contacts pushed', run.pushed, 0)
      return
    }
    await after(100)
  }
}

type Website = AsyncDisposable & {
  pool: Pool
  url: string
  simulator: Simulator
  env: Readonly<Record<string, string>>
}

/** A database whose mentors are all on an imitated website, which shows them as it must and has been seen to. */
async function openWebsite(servers: Bench['servers'], queueUrl: string, mentors: number): Promise<Website> {
  const database = await servers.database()
  const { pool } = database
  await seedMentors(pool, mentors)
  await certify(pool, { from: 100, to: 300 })
  const simulator = await startSimulator({ limits: { requests: 10_000_000, executionTime: 1_000_000_000 } })
  const { tenant, clientId, clientSecret = '' } = simulator.control.credentials()
  const env = {
    PORTAL_URL: simulator.urls.origin,
    PORTAL_AUTHORITY: simulator.urls.origin,
    PORTAL_TENANT: tenant,
    PORTAL_CLIENT_ID: clientId,
    PORTAL_CLIENT_SECRET: clientSecret,
  }
  await (await startPortalSync({ postgresUrl: database.url, queueUrl }, env, () => undefined))[Symbol.asyncDispose]()
  await publishAll(pool)
  const { rows } = await pool.query<{ key: string; expires: string }>(
    `select p.desired ->> 'key' as key, p.desired ->> 'expiryDate' as expires from expiry.portal_sync as p`,
  )
  simulator.control.seedContacts(
    rows.map(({ key, expires }) => ({
      hlf_mentorid: key,
      lastname: 'M',
      hlf_websitevisible: true,
      hlf_mentorstatus: 100_000_000,
      hlf_certificationexpireson: expires,
    })),
  )
  return {
    pool,
    url: database.url,
    simulator,
    env,
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

/** Milliseconds from right before each commit to the arrival of its PATCH; each change waits for the one before. */
async function changeStatuses(website: Website, urls: Urls, status: 'paused' | 'active'): Promise<number[]> {
  const { pool, simulator } = website
  await emptyQueue(urls.queueUrl)
  const { rows: mentors } = await pool.query<{ id: string }>(
    'select m.id from expiry.mentors as m order by m.external_ref',
  )
  let synced = withResolvers<void>()
  const times: number[] = []
  await using _sync = await startPortalSync(urls, { ...website.env, PORTAL_RATE: String(lifted) }, () =>
    synced.resolve(),
  )
  await using _listener = await startListener(urls, {})
  for (const { id } of mentors) {
    synced = withResolvers()
    const before = lastRequest(website)
    const at = await committed(pool, (client) =>
      client.query('update expiry.mentors set status = $2 where id = $1', [id, status]),
    )
    await synced.promise
    const patch = simulator.control.journal({ after: before }).find(({ method }) => method === 'PATCH')
    if (!patch) throw new Error('a change was synced without a write')
    times.push(Date.parse(patch.realAt) - (performance.timeOrigin + at))
  }
  return times
}

function lastRequest({ simulator }: Website): number {
  return simulator.control.journal().at(-1)?.number ?? 0
}

/** Seconds from the commit that hides all until the portal has acknowledged all; shows them again, behind everybody's back. */
async function changeAll(website: Website, urls: Urls, mentors: number, rate: number): Promise<number> {
  const { pool } = website
  await emptyQueue(urls.queueUrl)
  let left = mentors
  const all = withResolvers<void>()
  await using _sync = await startPortalSync(urls, { ...website.env, PORTAL_RATE: String(rate) }, () => {
    left -= 1
    if (left === 0) all.resolve()
  })
  await using _listener = await startListener(urls, {})
  const before = lastRequest(website)
  const taken = await seconds(async () => {
    await pool.query(`update expiry.mentors set status = 'paused' where status = 'active'`)
    await all.promise
  })
  const asked = website.simulator.control.journal({ after: before }).filter(({ route }) => route === 'row')
  expectCount('requests about contacts', asked.length, mentors)
  for (const { values } of website.simulator.control.contacts()) {
    const key = String(values.hlf_mentorid)
    website.simulator.control.editAsOffice({ key, values: { hlf_websitevisible: true, hlf_mentorstatus: 100_000_000 } })
  }
  await pool.query('alter table expiry.mentors disable trigger user')
  await pool.query(`update expiry.mentors set status = 'active'`)
  await pool.query('alter table expiry.mentors enable trigger user')
  await publishAll(pool)
  return taken
}
