import type { Pool } from 'pg'
import { waitForSchema } from '../../db/readiness.ts'
import { type Config, serversOf } from '../../runtime/config.ts'
import { pause } from '../../runtime/pause.ts'
import { openPool } from '../../runtime/pool.ts'
import { connectQueue, type QueueConnection } from '../../runtime/queue.ts'
import type { Channel } from './channels/channel.ts'
import { deliver } from './deliver.ts'
import type { Observe } from './events.ts'
import { openGate } from './gate.ts'
import { openReminderLog, type ReminderLog } from './log.ts'
import { createPauseNotificationService } from './pause-notification-service.ts'
import { openWorker } from './worker.ts'

/** Milliseconds that sends under way get to end by themselves once the notifier is asked to stop. */
const grace = 8_000

const gatePauses = { base: 1_000, cap: 30_000 }

/**
 * Sends queued reminders through `channels` and records what happened, until the signal aborts; then lets what is under
 * way end. Waits for its database, schema and queue for as long as it takes. Throws SchemaNewerError when waiting can't
 * help. Any number of notifiers share the work.
 */
export async function runNotifier(
  deps: { channels: Channel[]; observe: Observe },
  config: Config,
  signal: AbortSignal,
): Promise<void> {
  const { observe } = deps
  const servers = serversOf(config)
  const onError = (error: unknown) => observe({ kind: 'connection_error', error })
  const pool = openPool({ url: servers.databaseUrl, name: 'mentor-expiry notifier', max: 4, patience: 30_000, onError })
  let connection: QueueConnection | undefined
  try {
    await waitForSchema({ pool, onWaiting: (reason, error) => observe({ kind: 'waiting', reason, error }) }, signal)
    connection = connectQueue({
      url: servers.queueUrl,
      role: 'worker',
      name: 'mentor-expiry notifier queue',
      connections: Math.min(config.NOTIFIER_CONCURRENCY, 10),
      onError,
    })
    await waitForQueue(connection, observe, signal)
    await work({ ...deps, pool, connection }, config, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await connection?.close()
    await pool.end()
    observe({ kind: 'stopped' })
  }
}

type WorkDeps = { channels: Channel[]; observe: Observe; pool: Pool; connection: QueueConnection }

async function work(
  { channels, observe, pool, connection }: WorkDeps,
  config: Config,
  signal: AbortSignal,
): Promise<void> {
  const log = openLog(pool, channels, config)
  const notifications = createPauseNotificationService(
    channels.map((channel) => ({ channel, gate: openGate({ channel, log, observe }, gatePauses, signal) })),
  )
  const giveUp = new AbortController()
  const signals = { stopping: signal, giveUp: giveUp.signal }
  const open = () =>
    openWorker(
      {
        connection,
        deliver: (job) => deliver({ log, notifications, lease: config.DELIVERY_LEASE, observe }, job, signals),
        onError: (error) => observe({ kind: 'worker_error', error }),
      },
      config.NOTIFIER_CONCURRENCY,
    )
  let worker = open()
  observe({
    kind: 'started',
    queue: connection.kind,
    channels: notifications.channels,
    concurrency: config.NOTIFIER_CONCURRENCY,
  })
  while (!signal.aborted) {
    await pause(2_000, signal)
    if (signal.aborted || worker.isRunning()) continue
    // BullMQ's loop ends for good on some errors of its connection.
    await worker.close(true).catch((error: unknown) => observe({ kind: 'worker_error', error }))
    worker = open()
    observe({ kind: 'worker_replaced' })
  }
  const timer = setTimeout(() => giveUp.abort(), grace)
  await worker.close().catch((error: unknown) => observe({ kind: 'worker_error', error }))
  clearTimeout(timer)
}

function openLog(pool: Pool, channels: Channel[], config: Config): ReminderLog {
  return openReminderLog(
    { pool },
    {
      channels: channels.map((channel) => channel.name),
      lease: config.DELIVERY_LEASE,
      retrying: { base: config.RETRY_BASE, cap: config.RETRY_CAP, for: config.RETRY_FOR },
    },
  )
}

/** BullMQ remembers a first failure for ever, so nothing of it is built before its server answers. */
async function waitForQueue(connection: QueueConnection, observe: Observe, signal: AbortSignal): Promise<void> {
  const { server } = connection
  for (let said = false; ; said = true) {
    try {
      if (server.kind === 'redis') return await ready(server.redis, signal)
      await server.pool.query('select from migration limit 1')
      return
    } catch (error) {
      signal.throwIfAborted()
      if (!said) observe({ kind: 'waiting', reason: 'queue_unreachable', error })
      await pause(500, signal)
    }
  }
}

type Connecting = { status: string; once(event: 'ready', listener: () => void): unknown }

function ready(redis: Connecting, signal: AbortSignal): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve()
  return new Promise((resolve, reject) => {
    redis.once('ready', () => resolve())
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
