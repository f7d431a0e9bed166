import type { Pool } from 'pg'
import { growingPause, pause } from '../../runtime/pause.ts'
import { openSaid } from '../../runtime/said.ts'
import { type Claim, claimBatch } from './claim.ts'
import type { Observe } from './events.ts'
import type { JobQueue } from './job-queue.ts'
import type { QueueHolder } from './queue-holder.ts'
import type { Route } from './routes/route.ts'
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
  while (!signal.aborted) {
    try {
      await dispatchAll(deps, known, signal)
      if (said.forget(route)) deps.observe({ kind: 'dispatch_recovered', route })
      pauses.reset()
      await untilClaim(deps, known, signal)
    } catch (error) {
      const milliseconds = pauses.next()
      if (said.isNew(route, error)) {
        deps.observe({ kind: 'dispatch_failed', route, error, pause: Math.round(milliseconds) })
      }
      await pause(milliseconds, signal)
    }
  }
}

/** Milliseconds after which rows that were handed on are claimed, if begin has not taken them, and what is more urgent before them. */
const ahead = 100

/**
 * Waits for the doorbell. A row that it names goes into the queue at once: a claim would take as long as the way from here to
 * the channel, and begin takes what is pending too (ADR 19). Resolves when something is to be claimed.
 */
async function untilClaim({ queue, wake, window }: DispatchDeps, known: Known, signal: AbortSignal): Promise<void> {
  let named = await wake.next(signal)
  let claim: NodeJS.Timeout | undefined
  try {
    while (named !== undefined && known.jobs < window) {
      const row = named
      await queue.use((jobs) => jobs.add([row]))
      known.jobs += 1
      claim ??= setTimeout(wake.ring, ahead)
      named = await wake.next(signal)
    }
  } finally {
    clearTimeout(claim)
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
async function claimNext(deps: DispatchDeps, known: Known): Promise<Claim> {
  return deps.queue.use(async (queue) => {
    if (known.jobs >= deps.window) await count(queue, known)
    const claim = await claimBatch({ route: deps.route, pool: deps.pool, queue }, deps.window, deps.window - known.jobs)
    known.jobs += claim.count
    if (claim.count > 0 && performance.now() - known.countedAt > fresh) await count(queue, known)
    return claim
  })
}

async function count(queue: JobQueue, known: Known): Promise<void> {
  known.jobs = await queue.countWaiting()
  known.countedAt = performance.now()
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
    // After each claim, where nobody waits for it, and also while the window is full: the next claim takes the most urgent of all.
    const settled = await settleLeft(deps, signal)
    if (left === 'nothing' && settled === 0) return
    // Nobody rings when the queue drains.
    if (left === 'window_full') await pause(pauses.next(), signal)
  }
}
