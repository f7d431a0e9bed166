import { setMaxListeners } from 'node:events'
import type { Pool } from 'pg'
import { ReminderJob, reminderQueue } from '../../contracts/reminder-job.ts'
import { waitForSchema } from '../../db/readiness.ts'
import type { Config } from '../../runtime/config.ts'
import type { QueueConnection } from '../../runtime/queue.ts'
import { runQueueService } from '../../runtime/queue-service.ts'
import { workOnQueue } from '../../runtime/work-queue.ts'
import { resolveForeignAlerts } from './channel-alert.ts'
import type { Channel } from './channels/channel.ts'
import { deliver } from './deliver.ts'
import type { Observe } from './events.ts'
import { openGate } from './gate.ts'
import { openReminderLog, type ReminderLog } from './log.ts'
import { createPauseNotificationService } from './pause-notification-service.ts'

/** Milliseconds after which a job is tried again that something stood in the way of before anything was sent. */
const firstPause = 2_000

/** The longest, where somebody holds the row: urgent jobs that can't begin must leave room for the others. */
const longestPause = 30_000

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
  await runQueueService(
    {
      observe,
      untilReady: (pool, onWaiting) => waitForSchema({ pool, onWaiting }, signal),
      work: (opened) => work({ ...deps, ...opened }, config, signal),
    },
    { name: 'mentor-expiry notifier', pool: 4, queue: Math.min(config.NOTIFIER_CONCURRENCY, 10) },
    config,
    signal,
  )
}

type WorkDeps = { channels: Channel[]; observe: Observe; pool: Pool; connection: QueueConnection }

async function work(
  { channels, observe, pool, connection }: WorkDeps,
  config: Config,
  signal: AbortSignal,
): Promise<void> {
  const log = openLog(pool, channels, config)
  const notifications = createPauseNotificationService({
    guarded: channels.map((channel) => ({ channel, gate: openGate({ channel, log, observe }, gatePauses, signal) })),
    observe,
  })
  // As many jobs as are under way wait on it: no leak, so no warning of one.
  setMaxListeners(0, signal)
  const working = workOnQueue(
    {
      connection,
      queue: reminderQueue,
      contract: ReminderJob,
      async carryOut(job, { starts }, giveUp) {
        const signals = { stopping: signal, giveUp }
        const outcome = await deliver({ log, notifications, lease: config.DELIVERY_LEASE, observe }, job, signals)
        return outcome.kind === 'again' ? { kind: 'again', after: pauseBecause(outcome.because, starts) } : outcome
      },
      onError: (error) => observe({ kind: 'worker_error', error }),
      onReplaced: () => observe({ kind: 'worker_replaced' }),
    },
    config.NOTIFIER_CONCURRENCY,
    signal,
  )
  observe({
    kind: 'started',
    queue: connection.kind,
    channels: notifications.channels,
    concurrency: config.NOTIFIER_CONCURRENCY,
  })
  if (config.MAIL_REDIRECT_TO !== undefined) observe({ kind: 'mail_redirected' })
  void resolveForeignAlerts({ log, observe }, signal)
  await working
}

function pauseBecause(reason: 'locked' | 'outage' | 'stopping', starts: number): number {
  return reason === 'locked' ? Math.min(longestPause, firstPause * 2 ** Math.max(0, starts - 1)) : firstPause
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
