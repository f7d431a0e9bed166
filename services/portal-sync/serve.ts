import { setMaxListeners } from 'node:events'
import type { Pool } from 'pg'
import { PortalJob, portalQueue } from '../../contracts/portal-job.ts'
import type { Config } from '../../runtime/config.ts'
import { aborted, atMost, pause } from '../../runtime/pause.ts'
import { checkHealth } from '../../runtime/portal/health.ts'
import type { Portal } from '../../runtime/portal/open.ts'
import type { QueueConnection } from '../../runtime/queue.ts'
import { workOnQueue } from '../../runtime/work-queue.ts'
import type { Observe } from './events.ts'
import { type Gate, openGate } from './gate.ts'
import { reconcile } from './reconcile.ts'
import { watchSecret } from './secret.ts'
import { sync } from './sync.ts'
import type { Hold, PortalTable } from './table.ts'

/** Milliseconds that each step of stopping gets. */
const patience = 3_000

/** Milliseconds after which a job is tried again that something stood in the way of before anything was begun. */
const again = 2_000

const gatePauses = { base: 1_000, cap: 60_000, longPatience: 300_000 }

export type ServeDeps = {
  observe: Observe
  pool: Pool
  connection: QueueConnection
  table: PortalTable
  portal: Portal
  holder: string
  held: Hold
  /** Seconds that the portal is kept without a sign of life. */
  seconds: number
}

/** Pushes, compares and looks after the credential for as long as this process is the one that speaks with the portal. */
export async function serveWhileHolding(deps: ServeDeps, config: Config, signal: AbortSignal): Promise<void> {
  const { observe, portal, table, held } = deps
  const lost = new AbortController()
  const stopping = AbortSignal.any([signal, lost.signal])
  setMaxListeners(0, stopping)
  const look = (waiting: AbortSignal) => checkHealth({ ...portal, priority: 1 }, waiting)
  const gate = openGate(
    { table, checkHealth: look, patience: portal.patience, observe },
    { checkEvery: config.PORTAL_CHECK_INTERVAL * 1_000, ...gatePauses },
    (held.gate?.seconds ?? 0) * 1_000,
    stopping,
  )
  const working = [
    keepHold(deps, gate, lost, stopping),
    pushAll(deps, gate, config, stopping),
    reconcileWhenAsked(deps, gate, config, stopping),
    watchSecret({ table, observe }, config, stopping),
  ]
  await Promise.all(working).finally(() => lost.abort())
  await atMost(patience, table.release()).catch((error: unknown) =>
    observe({ kind: 'watch_failed', step: 'hold', error }),
  )
}

/**
 * Renews the hold until it is lost: where another process has the portal, or the database has not renewed it in time, however
 * long it takes to say so.
 */
async function keepHold(
  { table, seconds, observe, held }: Pick<ServeDeps, 'table' | 'seconds' | 'observe' | 'held'>,
  gate: Pick<Gate, 'heed'>,
  lost: AbortController,
  stopping: AbortSignal,
): Promise<void> {
  const lose = () => {
    observe({ kind: 'lost_hold' })
    lost.abort()
  }
  const loseAt = (until: number) => setTimeout(lose, until - performance.now())
  let end = loseAt(held.until)
  const renew = async () => {
    while (!stopping.aborted) {
      await pause((seconds * 1_000) / 3, stopping)
      if (stopping.aborted) return
      try {
        const renewed = await table.hold(seconds)
        if (stopping.aborted) return
        if (!renewed) return lose()
        clearTimeout(end)
        end = loseAt(renewed.until)
        if (renewed.gate) gate.heed(renewed.gate.seconds)
      } catch (error) {
        observe({ kind: 'watch_failed', step: 'hold', error })
      }
    }
  }
  const renewing = renew()
  await aborted(stopping)
  clearTimeout(end)
  await atMost(patience, renewing)
}

async function pushAll(
  { observe, connection, table, portal }: ServeDeps,
  gate: Gate,
  config: Config,
  stopping: AbortSignal,
): Promise<void> {
  const pushing = { portal, table, gate, lease: config.PORTAL_LEASE, observe }
  await workOnQueue(
    {
      connection,
      queue: portalQueue,
      contract: PortalJob,
      async carryOut({ mentorId }, { priority }, giveUp) {
        const outcome = await sync(pushing, { mentorId, priority }, { stopping, giveUp })
        return outcome.kind === 'again' ? { kind: 'again', after: again } : outcome
      },
      onError: (error) => observe({ kind: 'worker_error', error }),
      onReplaced: () => observe({ kind: 'worker_replaced' }),
    },
    config.PORTAL_CONCURRENCY,
    stopping,
  )
}

async function reconcileWhenAsked(
  { observe, pool, portal, holder }: ServeDeps,
  gate: Gate,
  config: Config,
  stopping: AbortSignal,
): Promise<void> {
  while (!stopping.aborted) {
    try {
      const environment = await gate.opened(stopping)
      const reconciled = await reconcile(
        { pool, portal, holder, environment, met: gate.met, share: config.PORTAL_SHARE },
        stopping,
      )
      if (reconciled)
        observe({
          kind: 'reconciled',
          reconciliation: reconciled.id,
          status: reconciled.status,
          ...(reconciled.code !== undefined && { code: reconciled.code }),
        })
    } catch (error) {
      if (!stopping.aborted) observe({ kind: 'reconcile_failed', error })
    }
    await pause(config.SWEEP_INTERVAL * 1_000, stopping)
  }
}
