import type { Pool } from 'pg'
import { pause } from '../../runtime/pause.ts'
import type { ServerAddress } from '../../runtime/server-address.ts'
import { openAttempts } from './attempts.ts'
import { watchCron } from './cron.ts'
import type { Observe } from './events.ts'
import { watchNights } from './night.ts'

export type SweepDeps = {
  pool: Pool
  direct: ServerAddress
  cron: ServerAddress | undefined
  /** Seconds between two sweeps, and between two looks at pg_cron's job. */
  interval: number
  checkEvery: number
  /** Called where rows may have become pending. */
  ringAll: () => void
  observe: Observe
}

/**
 * Does what the rules and the nights have left for later, at start and every few seconds, each step on its own. What
 * concerns one route only is that route's sweep.
 */
export async function sweepLoop(deps: SweepDeps, signal: AbortSignal): Promise<void> {
  const attempt = openAttempts(deps.observe)
  const runOwedNight = watchNights(deps)
  const lookAtCron = watchCron(deps)
  let lookedAt = performance.now()
  let night: Promise<void> | undefined
  let look: Promise<void> | undefined
  while (!signal.aborted) {
    await attempt('recheck', () => recheck(deps))
    // The night may take minutes; the sweeps go on beside it.
    night ??= attempt('night', () => runOwedNight(signal)).finally(() => {
      night = undefined
    })
    if (!look && performance.now() - lookedAt >= deps.checkEvery * 1_000) {
      lookedAt = performance.now()
      look = attempt('cron', lookAtCron).finally(() => {
        look = undefined
      })
    }
    await pause(deps.interval * 1_000, signal)
  }
  await Promise.all([night, look])
}

async function recheck({ pool, ringAll, observe }: SweepDeps): Promise<void> {
  const { rows } = await pool.query<{ count: number }>('select expiry.settle_rechecks(1000) as count')
  const count = rows[0]?.count ?? 0
  if (count === 0) return
  observe({ kind: 'rechecked', count })
  ringAll()
}
