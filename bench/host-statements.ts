import type { Pool } from 'pg'
import type { Bench } from './bench.ts'
import { alternate, count, expectCount, type Measured, seconds } from './measure.ts'
import { certify, publishAll, seedMentors } from './seed.ts'

type Statement = { table: 'mentors' | 'certifications'; text: string }

const insertion: Statement = {
  table: 'certifications',
  text: `insert into expiry.certifications (mentor_id, expiry_date)
         select m.id, (expiry.now() at time zone 'UTC')::date + 40 + pg_catalog.floor(pg_catalog.random() * 300)::int
           from expiry.mentors as m`,
}

const pausing: Statement = { table: 'mentors', text: `update expiry.mentors set status = 'paused'` }

const unchanged: Statement[] = [
  { table: 'mentors', text: `update expiry.mentors set full_name = full_name || ''` },
  { table: 'certifications', text: 'update expiry.certifications set expiry_date = expiry_date' },
]

const websiteLimit =
  'as above; whom the website must show otherwise is left in portions of a thousand, for a listener to settle'

/** The difference is smaller than the noise of a single round, and a round is short. */
const extraRounds = 4

/** What the triggers cost a host that certifies many by one statement, none of them due. */
export async function measureInsertion({ servers, sizes }: Bench): Promise<Measured[]> {
  await using database = await servers.database()
  const { pool } = database
  await seedMentors(pool, sizes.bulk)
  await pool.query('vacuum analyze')
  const work = `${count(sizes.bulk)} certifications inserted by one statement, none due`
  const unpublished: Measured = {
    ...(await withAndWithout(pool, insertion, sizes)),
    work,
    bound: { kind: 'at most', floor: 2, aim: 1.2 },
    limit: 'one pass over the new rows, which the server has kept for the trigger (from reading, not profiled)',
  }
  await publishAll(pool)
  const published: Measured = {
    ...(await withAndWithout(pool, insertion, sizes)),
    work: `${work}, all of them on the website ${await settledLater(pool, insertion, sizes.bulk)}`,
    bound: { kind: 'at most', floor: 3, aim: 2 },
    limit: websiteLimit,
  }
  return [unpublished, published]
}

/** What all triggers together cost a host that changes the status of many by one statement: each change is recorded. */
export async function measureStatuses({ servers, sizes }: Bench): Promise<Measured[]> {
  await using database = await servers.database()
  const { pool } = database
  await seedMentors(pool, sizes.bulk)
  await certify(pool, { from: 40, to: 340 })
  const work = `${count(sizes.bulk)} mentors paused by one statement: all triggers, a transition each`
  const unpublished: Measured = {
    ...(await withAndWithout(pool, pausing, sizes)),
    work,
    bound: { kind: 'at most', floor: 3, aim: 2 },
    limit:
      'the trigger of each row that counts the version of the status; then, a third each at most, one transition a row and the check of status and reminders',
  }
  await publishAll(pool)
  const published: Measured = {
    ...(await withAndWithout(pool, pausing, sizes)),
    work: `${work}, all of them on the website ${await settledLater(pool, pausing, sizes.bulk)}`,
    bound: { kind: 'at most', floor: 3, aim: 2 },
    limit: websiteLimit,
  }
  return [unpublished, published]
}

/** What the triggers cost a statement that touches many rows and changes nothing that matters to reminders. */
export async function measureUnchanged({ servers, sizes }: Bench): Promise<Measured[]> {
  await using database = await servers.database()
  const { pool } = database
  await seedMentors(pool, sizes.bulk)
  await certify(pool, { from: 40, to: 340 })
  const measured: Measured[] = []
  for (const statement of unchanged) {
    measured.push({
      ...(await withAndWithout(pool, statement, { ...sizes, rounds: sizes.rounds + extraRounds })),
      work: `bulk statement that changes nothing that matters: ${count(sizes.bulk)} ${statement.table}`,
      bound: { kind: 'at most', floor: 1.1, aim: 1.05 },
      limit:
        'the join of the rows before and after, by a hash of one of them; a merge join, which sorts both, took twice as long. What could spare the join is a trigger of each row whose condition names the columns that matter: a second list of them, which must never differ from the join’s',
    })
  }
  return measured
}

async function withAndWithout(
  pool: Pool,
  statement: Statement,
  { rounds, bulk }: { rounds: number; bulk: number },
): Promise<Pick<Measured, 'baseline' | 'unit' | 'figure' | 'reference'>> {
  await rolledBack(pool, statement, bulk) // the first one makes the table's file grow
  const measured = await alternate(rounds, {
    with: () => rolledBack(pool, statement, bulk),
    without: () => rolledBack(pool, statement, bulk, `alter table expiry.${statement.table} disable trigger user`),
  })
  return {
    baseline: 'the same without triggers',
    unit: 's',
    figure: measured.middle('with'),
    reference: measured.middle('without'),
  }
}

/** In how many seconds after the commit of the statement a listener can know of everybody what the website must show. */
async function settledLater(pool: Pool, { text }: Statement, mentors: number): Promise<string> {
  await pool.query(text)
  const taken = await seconds(async () => {
    const settle = 'set local synchronous_commit = off; select expiry.settle_portal_recheck(null) as newest'
    let newest: unknown
    do newest = [await pool.query(settle)].flat().at(-1)?.rows[0]?.newest
    while (newest !== null)
  })
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::int as count from expiry.portal_sync where status = 'pending'`,
  )
  expectCount('mentors whose state is pending', rows[0]?.count ?? 0, mentors)
  return `(whose state is settled in ${taken.toFixed(1)} s after the commit)`
}

async function rolledBack(
  pool: Pool,
  { table, text }: Statement,
  expected: number,
  before = 'select',
): Promise<number> {
  await pool.query('checkpoint')
  await pool.query('begin')
  await pool.query(before)
  let touched = 0
  const taken = await seconds(async () => {
    touched = (await pool.query(text)).rowCount ?? 0
  })
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::int as count from expiry.reminder_dispatch_log`,
  )
  await pool.query('rollback')
  await pool.query(`vacuum analyze expiry.${table}`)
  expectCount('rows touched', touched, expected)
  expectCount('reminders written', rows[0]?.count ?? 0, 0)
  return taken
}
