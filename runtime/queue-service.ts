import type { Pool } from 'pg'
import type { AlertTold } from './alerts/events.ts'
import { prepareAlerts } from './alerts/prepare.ts'
import { type Config, serversOf } from './config.ts'
import { type QueueDiffers, watchOtherQueues } from './connected-services.ts'
import { atMost } from './pause.ts'
import { openPool } from './pool.ts'
import { connectQueue, type QueueConnection } from './queue.ts'
import { sayWaiting } from './said.ts'
import { type DatabaseEvent, type QueueEvent, type ServerWatch, watchDatabase, watchQueue } from './server-watch.ts'

export type QueueServiceDeps = {
  observe: (
    event:
      | { kind: 'waiting'; reason: string; error?: unknown }
      | { kind: 'connection_error'; error: unknown }
      | QueueEvent
      | DatabaseEvent
      | QueueDiffers
      | AlertTold
      | { kind: 'stopped' },
  ) => void
  /** Resolves once the schema is there; tells what it waits for as often as it likes. */
  untilReady: (pool: Pool, onWaiting: (reason: string, error?: unknown) => void) => Promise<void>
  work: (opened: { pool: Pool; connection: QueueConnection }) => Promise<void>
}

/** Milliseconds that each step of stopping gets: a server that is away or hangs would hold it up for ever. */
const patience = 3_000

/**
 * What a service that works on a queue has around its work, until the signal aborts: connections, the waiting for schema and
 * queue, the watch over both servers and over other services' queues, the telling of alerts, and an end that nothing which is
 * away holds up. Rejects with what the work, or the waiting for the schema, has thrown before the signal aborted.
 */
export async function runQueueService(
  { observe, untilReady, work }: QueueServiceDeps,
  { name, pool: max, queue: connections }: { name: string; pool: number; queue: number },
  config: Config,
  signal: AbortSignal,
): Promise<void> {
  const servers = serversOf(config)
  const onError = (error: unknown) => observe({ kind: 'connection_error', error })
  const onWaiting = sayWaiting((reason, error) => observe({ kind: 'waiting', reason, error }))
  const tellAlerts = prepareAlerts({ name: `${name} alerts`, observe, onError }, config)
  const pool = openPool({ ...servers.database, name, max, patience: 30_000, onError })
  let connection: QueueConnection | undefined
  let watch: ServerWatch | undefined
  let beside: Promise<unknown> | undefined
  const ended = new AbortController()
  const working = AbortSignal.any([signal, ended.signal])
  try {
    await untilReady(pool, onWaiting)
    // Not after the queue is there: that it is not may be what there is to tell.
    beside = Promise.all([
      tellAlerts(working),
      watchOtherQueues({ pool, servers, observe, onError }, config.CHECK_INTERVAL, working),
    ])
    const onQueueError = (error: unknown) => {
      onError(error)
      watch?.heed(error)
    }
    connection = connectQueue({
      ...servers.queue,
      role: 'worker',
      name: `${name} queue`,
      connections,
      onError: onQueueError,
    })
    await connection.ready((error) => onWaiting('queue_unreachable', error), signal)
    watch = watchQueue({ connection, observe }, working)
    const watches = [watch, watchDatabase({ pool, observe }, working)]
    const ending = work({ pool, connection }).finally(() => ended.abort())
    await Promise.all([ending, ...watches.map((each) => each.run())])
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    ended.abort()
    await atMost(patience, connection?.close()).catch(onError)
    await atMost(patience, pool.end()).catch(onError)
    await atMost(patience, beside)
    observe({ kind: 'stopped' })
  }
}
