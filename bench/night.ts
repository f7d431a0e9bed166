import { Pool } from 'pg'
import { type Measured, median, seconds } from './measure.ts'
import { makeDue, seedMentors } from './seed.ts'

const bareInsert = `
  insert into expiry.reminder_dispatch_log
    (kind, organisation_id, mentor_id, coordinator_id, certification_id, threshold_day, certification_expiry_date,
     urgency, escalate, source, due_at, status)
  select 'reminder', organisation_id, mentor_id, coordinator_id, certification_id, threshold_day, expiry_date,
         urgency, escalate, 'nightly', window_opened_at, 'pending'
    from bench_due`

/** The night with `due` mentors newly due among `mentors`, against the bare insert of the same rows. */
export async function measureNight(
  url: string,
  scale: { mentors: number; due: number; rounds: number },
): Promise<Measured> {
  const pool = new Pool({ connectionString: url, max: 1 })
  try {
    await seedMentors(pool, scale.mentors)
    await makeDue(pool, scale.due)
    await pool.query('create table bench_due as select * from expiry.uncovered_reminders')
    const nights: number[] = []
    const bare: number[] = []
    for (let round = 0; round < scale.rounds; round += 1) {
      nights.push(await rolledBack(pool, 'select expiry.run_nightly()'))
      bare.push(await rolledBack(pool, bareInsert))
    }
    return {
      work: `night: ${scale.due.toLocaleString('en')} due among ${scale.mentors.toLocaleString('en')} mentors`,
      baseline: 'bare insert … select of the same rows',
      unit: 's',
      figure: median(nights),
      reference: median(bare),
      floor: '≤ 2 ×',
      limit:
        'the plan of the insert, which repeats a join for each organisation since uncovered_reminders has the condition of ADR 9 (1.5 × before it); then locking the mentors and reading their facts',
    }
  } finally {
    await pool.end()
  }
}

async function rolledBack(pool: Pool, statement: string): Promise<number> {
  await pool.query('begin')
  const taken = await seconds(() => pool.query(statement))
  await pool.query('rollback')
  await pool.query('vacuum analyze expiry.reminder_dispatch_log')
  return taken
}
