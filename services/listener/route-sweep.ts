import type { Pool } from 'pg'
import { pause } from '../../runtime/pause.ts'
import { openAttempts } from './attempts.ts'
import { type AuditCursor, auditQueue } from './audit.ts'
import type { Observe } from './events.ts'
import type { QueueHolder } from './queue-holder.ts'
import type { Route } from './routes/route.ts'
import { settleLeft } from './settle.ts'
import type { Wake } from './wake.ts'

export type RouteSweepDeps = {
  route: Route
  pool: Pool
  queue: QueueHolder
  wake: Wake
  /** Seconds between two sweeps, and seconds after which a queued row is looked up. */
  interval: number
  auditAfter: number
  observe: Observe
}

/**
 * Finds what a lost notification, a lost job or a dead worker left behind on one route: at start and every few seconds, each
 * step on its own, so that a queue that is down does not keep the database's work from being done.
 */
export async function routeSweepLoop(deps: RouteSweepDeps, signal: AbortSignal): Promise<void> {
  const cursor: AuditCursor = { after: deps.route.first }
  const outage: Outage = { last: Number.NEGATIVE_INFINITY }
  const attempt = openAttempts(deps.observe, { route: deps.route.name })
  while (!signal.aborted) {
    await attempt('rescue', () => rescue(deps, outage))
    await attempt('settle', async () => void (await settleLeft(deps, signal))) // also while the queue is away
    await attempt('audit', () => deps.queue.use((queue) => auditQueue({ ...deps, queue }, cursor)))
    deps.wake.ring()
    await pause(deps.interval * 1_000, signal)
  }
}

/** When the database last failed, by the process's clock. */
type Outage = { last: number }

/** Milliseconds after an outage in which workers get to hand in what they could not, before their leases count. */
const handIn = 5_000

async function rescue({ route, pool, observe }: RouteSweepDeps, outage: Outage): Promise<void> {
  try {
    if (performance.now() - outage.last < handIn) {
      await pool.query('select 1')
      return
    }
    const { rows } = await pool.query<{ count: number }>(`select ${route.functions.rescue}(1000) as count`)
    const count = rows[0]?.count ?? 0
    if (count > 0) observe({ kind: 'rescued', route: route.name, count })
  } catch (error) {
    outage.last = performance.now()
    throw error
  }
}
