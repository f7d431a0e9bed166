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
               join expiry.mentors as m on m.id = l.mentor_id
               join expiry.sending_hours as h on h.organisation_id = m.organisation_id
              where l.status in ('queued', 'sending')
                 or l.status = 'pending' and not (
                   l.in_sending_hours and l.available_at > pg_catalog.now() and (l.attempts = 0 or h.opens_in > interval '0')
                 )
           )
           or exists (select from expiry.mentor_rechecks) as open`,
    )
    if (rows[0]?.open === false) return true
    await pause(100, signal)
  }
  return false
}
