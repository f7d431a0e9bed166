import type { Pool } from 'pg'
import { pause } from '../../runtime/pause.ts'

/**
 * Resolves with true when every reminder is sent, failed, superseded or waits for its organisation's sending hours; with
 * false when time or the signal ends first.
 */
export async function untilSettled(pool: Pool, limit: number, signal: AbortSignal): Promise<boolean> {
  const until = performance.now() + limit
  while (!signal.aborted && performance.now() < until) {
    const { rows } = await pool.query<{ open: boolean }>(
      `select exists (
             select from expiry.reminder_dispatch_log as l
              where l.status in ('pending', 'queued', 'sending')
                and not exists (select from expiry.waiting_reminders as w where w.id = l.id)
           )
           or exists (select from expiry.mentor_rechecks) as open`,
    )
    if (rows[0]?.open === false) return true
    await pause(100, signal)
  }
  return false
}
