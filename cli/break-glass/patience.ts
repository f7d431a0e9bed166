import type { Pool } from 'pg'
import { pause } from '../../runtime/pause.ts'
import type { Portal } from '../../runtime/portal/open.ts'

/** Milliseconds between two looks at what others have been told. */
const look = 2_000

/**
 * Waits while the portal asks for patience: this process by an answer of its own, or whoever speaks with it beside or did so
 * before, by the table. What this process was told is written down there. Ends early when the signal aborts.
 */
export async function waitForPatience(
  {
    pool,
    portal,
    tell,
  }: { pool: Pick<Pool, 'query'>; portal: Pick<Portal, 'patience'>; tell: (seconds: number) => void },
  signal: AbortSignal,
): Promise<void> {
  let isTold = false
  while (!signal.aborted) {
    const own = portal.patience.left()
    const others = await patienceOnRecord(pool)
    if (own > others + 1) await pool.query('select expiry.ask_portal_patience($1)', [own])
    const seconds = Math.max(own, others)
    if (seconds <= 0) return
    if (!isTold) tell(Math.ceil(seconds))
    isTold = true
    await pause(Math.min(seconds * 1_000, look), signal)
  }
}

/** Seconds that the portal has asked for, as the table knows it. */
async function patienceOnRecord(pool: Pick<Pool, 'query'>): Promise<number> {
  const { rows } = await pool.query<{ seconds: number }>(
    `select greatest(0, extract(epoch from w.gate_until - pg_catalog.clock_timestamp()))::float8 as seconds
       from expiry.portal_worker as w where w.gate_until is not null`,
  )
  return rows[0]?.seconds ?? 0
}
