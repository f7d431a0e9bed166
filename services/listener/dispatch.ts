import type { Pool } from 'pg'
import { growingPause, pause } from '../../runtime/pause.ts'
import { openSaid } from '../../runtime/said.ts'
import { type Claim, claimBatch } from './claim.ts'
import type { Observe } from './events.ts'
import type { JobQueue } from './job-queue.ts'
import type { QueueHolder } from './queue-holder.ts'
import type { Route, Row } from './routes/route.ts'
import { settleLeft } from './settle.ts'
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
  const known: Known = { jobs: 0, countedAt: Number.NEGATIVE_INFINITY }
  const said = openSaid()
  let named: Row | undefined
  while (!signal.aborted) {
    try {
      await dispatchAll(deps, known, named, signal)
      if (said.forget(route)) deps.observe({ kind: 'dispatch_recovered', route })
      pauses.reset()
      named = await deps.wake.next(signal)
    } catch (error) {
      named = undefined
      const milliseconds = pauses.next()
      if (said.isNew(route, error)) {
        deps.observe({ kind: 'dispatch_failed', route, error, pause: Math.round(milliseconds) })
      }
      await pause(milliseconds, signal)
    }
  }
}

/** How many jobs waited for a worker when they were last counted, by the process's clock, and those added since. */
type Known = { jobs: number; countedAt: number }

/** Milliseconds for which a count serves: counting after each claim would cost as much as adding a job. */
const fresh = 1_000

/**
 * A superseded row leaves its job behind until a worker meets it, so jobs are kept within the window as well as rows. They
 * are counted outside the claim's transaction: it may be exceeded by what other listeners have added since.
 */
async function claimNext(deps: DispatchDeps, known: Known, named: Row | undefined): Promise<Claim> {
  return deps.queue.use(async (queue) => {
    if (known.jobs >= deps.window) await count(queue, known)
    const most = deps.window - known.jobs
    const claim = await claimBatch({ route: deps.route, pool: deps.pool, queue }, deps.window, most, named)
    known.jobs += claim.count
    if (claim.count > 0 && performance.now() - known.countedAt > fresh) await count(queue, known)
    return claim
  })
}

async function count(queue: JobQueue, known: Known): Promise<void> {
  known.jobs = await queue.countWaiting()
  known.countedAt = performance.now()
}

async function dispatchAll(
  deps: DispatchDeps,
  known: Known,
  named: Row | undefined,
  signal: AbortSignal,
): Promise<void> {
  const pauses = growingPause({ base: 50, cap: 1_000 })
  for (let first = named; !signal.aborted; first = undefined) {
    const started = performance.now()
    const { count, left } = await claimNext(deps, known, first)
    if (count > 0) {
      const milliseconds = Math.round(performance.now() - started)
      deps.observe({ kind: 'dispatched', route: deps.route.name, count, milliseconds })
      pauses.reset()
    }
    // After each claim, where nobody waits for it, and also while the window is full: the next claim takes the most urgent of all.
    const settled = await settleLeft(deps, signal)
    if (left === 'nothing' && settled === 0) return
    // Nobody rings when the queue drains.
    if (left === 'window_full') await pause(pauses.next(), signal)
  }
}
