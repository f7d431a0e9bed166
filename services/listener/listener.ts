import type { Pool } from 'pg'
import { waitForSchema } from '../../db/readiness.ts'
import { prepareAlerts } from '../../runtime/alerts/prepare.ts'
import { type Config, serversOf } from '../../runtime/config.ts'
import { queueKindOf, watchOtherQueues } from '../../runtime/connected-services.ts'
import { aborted, atMost } from '../../runtime/pause.ts'
import { openPool } from '../../runtime/pool.ts'
import { sayWaiting } from '../../runtime/said.ts'
import type { ServerAddress } from '../../runtime/server-address.ts'
import { refillIfWiped } from './audit.ts'
import { dispatchLoop } from './dispatch.ts'
import type { Observe } from './events.ts'
import { type JobQueue, openJobQueue } from './job-queue.ts'
import { holdQueue } from './queue-holder.ts'
import { routeSweepLoop } from './route-sweep.ts'
import { allRoutes } from './routes/index.ts'
import type { Route } from './routes/route.ts'
import { subscribe } from './subscribe.ts'
import { sweepLoop } from './sweep.ts'
import { openWake } from './wake.ts'

/** Milliseconds that a claim, a sweep or a night under way gets to end by itself once the listener is told to stop. */
const grace = 5_000

/** Milliseconds that each connection gets to end. */
const patience = 3_000

export type ListenerDeps = { observe: Observe; routes?: readonly Route[] }

/**
 * Moves the pending rows of each route into its queue until the signal aborts. Waits for its database, its schema and its
 * queues for as long as it takes; any number of listeners share the work. A route that can't go on stops no other. Throws
 * SchemaNewerError when waiting can't help.
 */
export async function runListener(
  { observe, routes = allRoutes }: ListenerDeps,
  config: Config,
  signal: AbortSignal,
): Promise<void> {
  const servers = serversOf(config)
  const onError = (error: unknown) => observe({ kind: 'connection_error', error })
  const onWaiting = sayWaiting((reason, error) => observe({ kind: 'waiting', reason, error }))
  const tellAlerts = prepareAlerts({ name: 'mentor-expiry listener alerts', observe, onError }, config)
  // A route that waits has two of them, for its claim and its sweep, and leaves the others theirs.
  const max = 2 + 2 * routes.length
  const pool = openPool({ ...servers.database, name: 'mentor-expiry listener', max, patience: 60_000, onError })
  const served = routes.map((route) => ({
    route,
    wake: openWake(),
    queue: holdQueue(() => openFilled({ route, pool, observe, onError }, servers.queue)),
  }))
  const doorbells = new Map(
    served.map(({ route, wake }) => [
      route.channel,
      (payload?: string) => wake.ring(payload === undefined ? undefined : route.rowNamedBy?.(payload)),
    ]),
  )
  const interval = config.SWEEP_INTERVAL
  try {
    await waitForSchema({ pool, onWaiting }, signal)
    observe({ kind: 'started', queue: queueKindOf(servers.queue) })
    const work = Promise.all([
      tellAlerts(signal),
      watchOtherQueues({ pool, servers, observe, onError }, config.CHECK_INTERVAL, signal),
      subscribe(
        {
          ...servers.direct,
          doorbells,
          onConnected: () => observe({ kind: 'listening' }),
          onLost: (error) => observe({ kind: 'listen_lost', error }),
        },
        signal,
      ),
      ...served.flatMap((one) => [
        dispatchLoop({ ...one, pool, window: config.QUEUE_WINDOW, observe }, signal),
        routeSweepLoop({ ...one, pool, interval, auditAfter: config.AUDIT_AFTER, observe }, signal),
      ]),
      sweepLoop(
        {
          pool,
          direct: servers.direct,
          cron: servers.cron,
          interval,
          checkEvery: config.CHECK_INTERVAL,
          ringAll: () => {
            for (const { wake } of served) wake.ring()
          },
          observe,
        },
        signal,
      ),
    ])
    await Promise.race([work, aborted(signal)])
    await atMost(grace, work)
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await Promise.all(served.map(({ queue }) => atMost(patience, queue.close()).catch(onError)))
    await atMost(patience, pool.end()).catch(onError)
    observe({ kind: 'stopped' })
  }
}

type OpeningDeps = { route: Route; pool: Pool; observe: Observe; onError: (error: unknown) => void }

/** A route's queue, which holds a job for every queued row. */
async function openFilled({ onError, ...deps }: OpeningDeps, server: ServerAddress): Promise<JobQueue> {
  const queue = await openJobQueue({ ...server, route: deps.route, onError })
  try {
    await refillIfWiped({ ...deps, queue })
    return queue
  } catch (error) {
    await queue.close()
    throw error
  }
}
