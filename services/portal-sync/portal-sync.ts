import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { Pool } from 'pg'
import { waitForSchema } from '../../db/readiness.ts'
import type { Config } from '../../runtime/config.ts'
import { pause } from '../../runtime/pause.ts'
import { openPortal } from '../../runtime/portal/open.ts'
import { type PortalSettings, portalOf } from '../../runtime/portal/settings.ts'
import type { QueueConnection } from '../../runtime/queue.ts'
import { runQueueService } from '../../runtime/queue-service.ts'
import type { Observe } from './events.ts'
import { serveWhileHolding } from './serve.ts'
import { openPortalTable } from './table.ts'

/** Milliseconds between two attempts to become the one that speaks with the portal. */
const betweenAttempts = 2_000

/** Seconds that a process keeps the portal without a sign of life. */
const longestHold = 15

/**
 * Makes the website show what the database says, until the signal aborts; then lets what is under way end. Of any number of
 * these processes one speaks with the portal at a time, because its pace, its gate and its credential are everybody's; the
 * others stand by. Without a portal in the configuration it says so and waits. Throws SchemaNewerError when waiting can't help.
 */
export async function runPortalSync(deps: { observe: Observe }, config: Config, signal: AbortSignal): Promise<void> {
  const { observe } = deps
  const settings = portalOf(config)
  if (!settings) {
    observe({ kind: 'off' })
    // A timer, not the signal alone: nothing else keeps this process alive.
    while (!signal.aborted) await pause(3_600_000, signal)
    observe({ kind: 'stopped' })
    return
  }
  await runQueueService(
    {
      observe,
      untilReady: (pool, onWaiting) => waitForSchema({ pool, onWaiting }, signal),
      async work(opened) {
        observe({ kind: 'started', queue: opened.connection.kind })
        await takeTurns({ ...opened, observe, settings }, config, signal)
      },
    },
    { name: 'mentor-expiry portal-sync', pool: 6, queue: settings.concurrency },
    config,
    signal,
  )
}

type TurnDeps = { observe: Observe; pool: Pool; connection: QueueConnection; settings: PortalSettings }

/** Stands by until the portal is free, serves while holding it, and stands by again where that is lost. */
async function takeTurns(
  { observe, pool, connection, settings }: TurnDeps,
  config: Config,
  signal: AbortSignal,
): Promise<void> {
  setMaxListeners(0, signal)
  const seconds = Math.min(longestHold, config.PORTAL_LEASE)
  let isTold = false
  while (!signal.aborted) {
    const holder = randomUUID()
    const table = openPortalTable(pool, { holder, lease: config.PORTAL_LEASE, verifyAfter: config.PORTAL_VERIFY_AFTER })
    try {
      const held = await table.hold(seconds)
      if (held) {
        observe({ kind: 'holding' })
        isTold = false
        await using portal = openPortal(settings)
        await serveWhileHolding({ observe, pool, connection, table, portal, holder, held, seconds }, config, signal)
        continue
      }
      if (!isTold) observe({ kind: 'standing_by' })
      isTold = true
    } catch (error) {
      observe({ kind: 'watch_failed', step: 'hold', error })
    }
    await pause(betweenAttempts, signal)
  }
}
