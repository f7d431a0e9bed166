import type { Pool } from 'pg'
import { pause } from '../../runtime/pause.ts'
import { type AuditCursor, auditQueue } from './audit.ts'
import type { Observe } from './events.ts'
import { watchNights } from './night.ts'
import type { QueueHolder } from './queue-holder.ts'
import type { Wake } from './wake.ts'

export type SweepDeps = {
  pool: Pool
  directUrl: string
  queue: QueueHolder
  wake: Wake
  /** Seconds between two sweeps, and seconds after which a queued reminder is looked up. */
  interval: number
  auditAfter: number
  observe: Observe
}

/**
 * Finds what a lost notification, a lost job or a dead process left behind: at start and every few seconds, each step
 * on its own, so that a queue that is down does not keep the database's work from being done.
 */
export async function sweepLoop(deps: SweepDeps, signal: AbortSignal): Promise<void> {
  const cursor: AuditCursor = { after: 0 }
  const steps: Record<string, () => Promise<void>> = {
    rescue: () => counted(deps, 'rescued', 'select expiry.rescue_stuck_reminders(1000) as count'),
    recheck: () => counted(deps, 'rechecked', 'select expiry.settle_rechecks(1000) as count'),
    audit: async () => {
      try {
        await auditQueue({ ...deps, queue: await deps.queue.get() }, cursor)
      } catch (error) {
        await deps.queue.discard()
        throw error
      }
    },
  }
  const runOwedNight = watchNights(deps)
  let night: Promise<void> | undefined
  const failing = new Set<string>()
  const attempt = async (step: string, work: () => Promise<void>) => {
    try {
      await work()
      failing.delete(step)
    } catch (error) {
      if (!failing.has(step)) deps.observe({ kind: 'sweep_failed', step, error })
      failing.add(step)
    }
  }
  while (!signal.aborted) {
    for (const [step, work] of Object.entries(steps)) await attempt(step, work)
    // The night may take minutes; the sweeps go on beside it.
    night ??= attempt('night', () => runOwedNight(signal)).finally(() => {
      night = undefined
    })
    deps.wake.ring()
    await pause(deps.interval * 1_000, signal)
  }
  await night
}

async function counted(deps: SweepDeps, kind: 'rescued' | 'rechecked', statement: string): Promise<void> {
  const { rows } = await deps.pool.query<{ count: number }>(statement)
  const count = rows[0]?.count ?? 0
  if (count > 0) deps.observe({ kind, count })
}
