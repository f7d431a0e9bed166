import type { Pool } from 'pg'
import { growingPause, pause } from '../../runtime/pause.ts'
import { type Claim, claimBatch } from './claim.ts'
import type { Observe } from './events.ts'
import type { QueueHolder } from './queue-holder.ts'
import type { Route } from './routes/route.ts'
import type { Wake } from './wake.ts'

export type DispatchDeps = {
  route: Route
  pool: Pool
  queue: QueueHolder
  window: number
  wake: Wake
  observe: Observe
}

/**
 * Moves a route's pending rows into its queue each time that it is woken, until there are none or the window is full. A
 * queue or database that fails leaves the rows where they are; it is tried again after growing pauses.
 */
export async function dispatchLoop(deps: DispatchDeps, signal: AbortSignal): Promise<void> {
  const route = deps.route.name
  const pauses = growingPause({ base: 250, cap: 5_000 })
  const known = { jobs: 0 }
  let failing = false
  while (!signal.aborted) {
    try {
      await dispatchAll(deps, known, signal)
      if (failing) deps.observe({ kind: 'dispatch_recovered', route })
      failing = false
      pauses.reset()
      await deps.wake.next(signal)
    } catch (error) {
      const milliseconds = pauses.next()
      if (!failing) deps.observe({ kind: 'dispatch_failed', route, error, pause: Math.round(milliseconds) })
      failing = true
      await pause(milliseconds, signal)
    }
  }
}

/** How many jobs waited for a worker when they were last counted. */
type Known = { jobs: number }

/**
 * A superseded row leaves its job behind until a worker meets it, so jobs are kept within the window as well as rows. They
 * are counted outside the claim's transaction; listeners that count at the same moment exceed it by a batch each at most.
 */
async function claimNext(deps: DispatchDeps, known: Known): Promise<Claim> {
  return deps.queue.use(async (queue) => {
    if (known.jobs >= deps.window) known.jobs = await queue.countWaiting()
    const claim = await claimBatch({ route: deps.route, pool: deps.pool, queue }, deps.window, deps.window - known.jobs)
    if (claim.count > 0) known.jobs = await queue.countWaiting()
    return claim
  })
}

async function dispatchAll(deps: DispatchDeps, known: Known, signal: AbortSignal): Promise<void> {
  const pauses = growingPause({ base: 50, cap: 1_000 })
  while (!signal.aborted) {
    const started = performance.now()
    const { count, left } = await claimNext(deps, known)
    if (count > 0) {
      const milliseconds = Math.round(performance.now() - started)
      deps.observe({ kind: 'dispatched', route: deps.route.name, count, milliseconds })
      pauses.reset()
    }
    if (left === 'nothing') return
    // Nobody rings when the queue drains.
    if (left === 'window_full') await pause(pauses.next(), signal)
  }
}
