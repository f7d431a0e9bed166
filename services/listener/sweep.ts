import type { Pool } from 'pg'
import { pause } from '../../runtime/pause.ts'
import type { ServerAddress } from '../../runtime/server-address.ts'
import { type AuditCursor, auditQueue } from './audit.ts'
import { watchCron } from './cron.ts'
import type { Observe } from './events.ts'
import { watchNights } from './night.ts'
import type { QueueHolder } from './queue-holder.ts'
import type { Wake } from './wake.ts'

export type SweepDeps = {
  pool: Pool
  direct: ServerAddress
  cron: ServerAddress | undefined
  queue: QueueHolder
  wake: Wake
  /** Seconds between two sweeps, and seconds after which a queued reminder is looked up. */
  interval: number
  auditAfter: number
  /** Seconds between two looks at pg_cron's job. */
  checkEvery: number
  observe: Observe
}

/**
 * Finds what a lost notification, a lost job or a dead process left behind: at start and every few seconds, each step
 * on its own, so that a queue that is down does not keep the database's work from being done.
 */
export async function sweepLoop(deps: SweepDeps, signal: AbortSignal): Promise<void> {
  const cursor: AuditCursor = { after: 0 }
  const outage: Outage = { last: Number.NEGATIVE_INFINITY }
  const steps: Record<string, () => Promise<void>> = {
    rescue: () => rescue(deps, outage),
    recheck: () => counted(deps, 'rechecked', 'select expiry.settle_rechecks(1000) as count'),
    audit: () => deps.queue.use((queue) => auditQueue({ ...deps, queue }, cursor)),
  }
  const runOwedNight = watchNights(deps)
  const lookAtCron = watchCron(deps)
  let lookedAt = performance.now()
  let night: Promise<void> | undefined
  let look: Promise<void> | undefined
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
    if (!look && performance.now() - lookedAt >= deps.checkEvery * 1_000) {
      lookedAt = performance.now()
      look = attempt('cron', lookAtCron).finally(() => {
        look = undefined
      })
    }
    deps.wake.ring()
    await pause(deps.interval * 1_000, signal)
  }
  await Promise.all([night, look])
}

/** When the database last failed, by the process's clock. */
type Outage = { last: number }

/** Milliseconds after an outage in which notifiers get to hand in what they could not, before their leases count. */
const handIn = 5_000

async function rescue(deps: SweepDeps, outage: Outage): Promise<void> {
  try {
    if (performance.now() - outage.last < handIn) await deps.pool.query('select 1')
    else await counted(deps, 'rescued', 'select expiry.rescue_stuck_reminders(1000) as count')
  } catch (error) {
    outage.last = performance.now()
    throw error
  }
}

async function counted(deps: SweepDeps, kind: 'rescued' | 'rechecked', statement: string): Promise<void> {
  const { rows } = await deps.pool.query<{ count: number }>(statement)
  const count = rows[0]?.count ?? 0
  if (count > 0) deps.observe({ kind, count })
}
