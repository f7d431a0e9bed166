import type { Pool, PoolClient } from 'pg'
import { expectCount } from './measure.ts'
import { bareInsert, certify, seedMentors } from './seed.ts'

/**
 * Fills an empty database with so many mentors, all due, and keeps their pending reminders aside in a table of their own,
 * from which every round restores them. The log itself stays empty: filled by the question that
 * it is part of, with a plan made while it was empty, it would be read once for each row.
 */
export async function seedReminders(pool: Pool, reminders: number): Promise<void> {
  await seedMentors(pool, reminders)
  await certify(pool, { from: 1, to: 30 })
  await pool.query('update expiry.organisations set send_from = null, send_until = null')
  await pool.query(
    'create table bench_reminders (like expiry.reminder_dispatch_log including defaults including identity)',
  )
  const { rowCount } = await pool.query(bareInsert('expiry.uncovered_reminders', 'bench_reminders'))
  expectCount('reminders made', rowCount ?? 0, reminders)
}

/** Empties the log, and the queue where it lives in this database. */
export async function emptyLog(pool: Pool): Promise<void> {
  await pool.query('truncate expiry.reminder_dispatch_log, expiry.reminder_delivery_attempts')
  const { rows } = await pool.query<{ name: string }>(
    `select 'bullmq.' || pg_catalog.quote_ident(t.tablename) as name
       from pg_catalog.pg_tables as t where t.schemaname = 'bullmq' and t.tablename <> 'migration'`,
  )
  if (rows.length > 0) await pool.query(`truncate ${rows.map(({ name }) => name).join(', ')}`)
}

/**
 * Makes the kept reminders pending by one commit, as a night does, and rings the doorbell. Returns the time
 * (performance.now) right before the commit.
 */
export function restoreReminders(pool: Pool): Promise<number> {
  return committed(pool, async (client) => {
    await client.query(`set local session_replication_role = replica`) // they come as they were, past the triggers
    await client.query('insert into expiry.reminder_dispatch_log overriding system value select * from bench_reminders')
    await client.query('analyze expiry.reminder_dispatch_log')
    await client.query(`select pg_catalog.pg_notify('expiry_reminders', '')`)
  })
}

/** Does the work in a transaction. Returns the time (performance.now) right before the commit. */
export async function committed(pool: Pool, work: (client: PoolClient) => Promise<unknown>): Promise<number> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await work(client)
    const at = performance.now()
    await client.query('commit')
    return at
  } finally {
    client.release()
  }
}

/** Throws unless as many reminders as expected have this status, and no others are there. */
export async function expectReminders(pool: Pool, status: 'queued' | 'sent', expected: number): Promise<void> {
  const { rows } = await pool.query<{ total: number; found: number }>(
    `select count(*)::int as total, (count(*) filter (where l.status = $1))::int as found
       from expiry.reminder_dispatch_log as l`,
    [status],
  )
  expectCount(`reminders ${status}`, rows[0]?.found ?? 0, expected)
  expectCount('reminders in all', rows[0]?.total ?? 0, expected)
}
