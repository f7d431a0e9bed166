import type { Pool } from 'pg'
import { growingPause, pause } from '../../runtime/pause.ts'
import { claimBatch } from './claim.ts'
import type { Observe } from './events.ts'
import type { QueueHolder } from './queue-holder.ts'
import type { Wake } from './wake.ts'

export type DispatchDeps = { pool: Pool; queue: QueueHolder; window: number; wake: Wake; observe: Observe }

/**
 * Moves pending reminders into the queue each time that it is woken, until there are none or the window is full. A
 * queue or database that fails leaves the rows where they are; it is tried again after growing pauses.
 */
export async function dispatchLoop(deps: DispatchDeps, signal: AbortSignal): Promise<void> {
  const pauses = growingPause({ base: 250, cap: 5_000 })
  let failing = false
  while (!signal.aborted) {
    try {
      await dispatchAll(deps, signal)
      if (failing) deps.observe({ kind: 'dispatch_recovered' })
      failing = false
      pauses.reset()
      await deps.wake.next(signal)
    } catch (error) {
      await deps.queue.discard()
      const milliseconds = pauses.next()
      if (!failing) deps.observe({ kind: 'dispatch_failed', error, pause: Math.round(milliseconds) })
      failing = true
      await pause(milliseconds, signal)
    }
  }
}

async function dispatchAll(deps: DispatchDeps, signal: AbortSignal): Promise<void> {
  const pauses = growingPause({ base: 50, cap: 1_000 })
  while (!signal.aborted) {
    const started = performance.now()
    const { count, left } = await claimBatch({ pool: deps.pool, queue: await deps.queue.get() }, deps.window)
    if (count > 0) {
      deps.observe({ kind: 'dispatched', count, milliseconds: Math.round(performance.now() - started) })
      pauses.reset()
    }
    if (left === 'nothing') return
    // Nobody rings when the queue drains.
    if (left === 'window_full') await pause(pauses.next(), signal)
  }
}
