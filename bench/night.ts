import type { Pool } from 'pg'
import type { Bench } from './bench.ts'
import { alternate, count, expectCount, type Measured, seconds } from './measure.ts'
import { bareInsert, certify, makeDue, remindAllBut, seedMentors } from './seed.ts'

/** The night with many newly due, against the bare insert of the same rows. */
export async function measureNight({ servers, sizes }: Bench): Promise<Measured[]> {
  await using database = await servers.database()
  const { pool } = database
  await seedMentors(pool, sizes.mentors)
  await certify(pool, { from: 31, to: 364 })
  await makeDue(pool, sizes.due)
  await pool.query('create table bench_due as select * from expiry.uncovered_reminders')
  const measured = await alternate(sizes.rounds, {
    night: () => rolledBack(pool, 'select expiry.run_nightly()', sizes.due),
    bare: () => rolledBack(pool, bareInsert('bench_due'), sizes.due),
  })
  return [
    {
      work: `night: ${count(sizes.due)} due among ${count(sizes.mentors)} mentors`,
      baseline: 'bare insert … select of the same rows',
      unit: 's',
      figure: measured.middle('night'),
      reference: measured.middle('bare'),
      bound: { kind: 'at most', floor: 2, aim: 1.2 },
      limit:
        'locking the mentors and reading their facts once, beside the upkeep of the indexes that the bare insert has too',
    },
  ]
}

/** An ordinary night: few newly due in the midst of a year, behind a log of those reminded before. */
export async function measureOrdinaryNight({ servers, sizes }: Bench): Promise<Measured[]> {
  await using database = await servers.database()
  const { pool } = database
  await seedMentors(pool, sizes.mentors)
  await certify(pool, { from: 1, to: 365 })
  const reminded = await remindAllBut(pool, sizes.newlyDue)
  const measured = await alternate(sizes.rounds, {
    night: () => rolledBack(pool, 'select expiry.run_nightly()', sizes.newlyDue),
    count: () => countCertifications(pool, sizes.mentors),
  })
  return [
    {
      work: `night: ${count(sizes.newlyDue)} newly due among ${count(sizes.mentors)} mentors spread over a year, ${count(reminded)} of them already reminded`,
      baseline: 'select count(*) over the certifications',
      unit: 's',
      figure: measured.middle('night'),
      reference: measured.middle('count'),
      bound: { kind: 'at most', floor: 10, aim: 1 },
      limit:
        'half: the dates of the 83,000 that lie within a threshold’s days, held against the key’s index of the log; the rest: the 1,000 rows with their foreign keys. A column that says when a mentor is next due would be a second truth',
    },
  ]
}

async function rolledBack(pool: Pool, statement: string, expected: number): Promise<number> {
  await pool.query('checkpoint')
  await pool.query('begin')
  const taken = await seconds(() => pool.query(statement))
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::int as count from expiry.reminder_dispatch_log where status = 'pending'`,
  )
  await pool.query('rollback')
  await pool.query('vacuum analyze expiry.reminder_dispatch_log')
  expectCount('reminders written', rows[0]?.count ?? 0, expected)
  return taken
}

async function countCertifications(pool: Pool, expected: number): Promise<number> {
  let found = 0
  const taken = await seconds(async () => {
    const { rows } = await pool.query<{ count: number }>('select count(*)::int as count from expiry.certifications')
    found = rows[0]?.count ?? 0
  })
  expectCount('certifications', found, expected)
  return taken
}
