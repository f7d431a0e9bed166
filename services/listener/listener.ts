import { waitForSchema } from '../../db/readiness.ts'
import { prepareAlerts } from '../../runtime/alerts/prepare.ts'
import { type Config, serversOf } from '../../runtime/config.ts'
import { aborted, atMost } from '../../runtime/pause.ts'
import { openPool } from '../../runtime/pool.ts'
import { refillIfWiped } from './audit.ts'
import { dispatchLoop } from './dispatch.ts'
import type { Observe } from './events.ts'
import { holdQueue } from './queue-holder.ts'
import { openReminderQueue } from './reminder-queue.ts'
import { subscribe } from './subscribe.ts'
import { sweepLoop } from './sweep.ts'
import { openWake } from './wake.ts'

/** Milliseconds that a claim, a sweep or a night under way gets to end by itself once the listener is told to stop. */
const grace = 5_000

/** Milliseconds that each connection gets to end. */
const patience = 3_000

/**
 * Moves pending reminders into the queue until the signal aborts. Waits for its database, its schema and its queue for as
 * long as it takes; any number of listeners share the work. Throws SchemaNewerError when waiting can't help.
 */
export async function runListener(deps: { observe: Observe }, config: Config, signal: AbortSignal): Promise<void> {
  const { observe } = deps
  const servers = serversOf(config)
  const onError = (error: unknown) => observe({ kind: 'connection_error', error })
  const tellAlerts = prepareAlerts({ name: 'mentor-expiry listener alerts', observe, onError }, config)
  const pool = openPool({ ...servers.database, name: 'mentor-expiry listener', max: 4, patience: 60_000, onError })
  const queue = holdQueue(async () => {
    const opened = await openReminderQueue({ ...servers.queue, onError })
    try {
      await refillIfWiped({ pool, queue: opened, observe })
      return opened
    } catch (error) {
      await opened.close()
      throw error
    }
  })
  const wake = openWake()
  try {
    await waitForSchema({ pool, onWaiting: (reason, error) => observe({ kind: 'waiting', reason, error }) }, signal)
    observe({ kind: 'started', queue: servers.queue.url.startsWith('postgres') ? 'postgres' : 'redis' })
    const work = Promise.all([
      tellAlerts(signal),
      subscribe(
        {
          ...servers.direct,
          onDoorbell: wake.ring,
          onConnected: () => observe({ kind: 'listening' }),
          onLost: (error) => observe({ kind: 'listen_lost', error }),
        },
        signal,
      ),
      dispatchLoop({ pool, queue, window: config.QUEUE_WINDOW, wake, observe }, signal),
      sweepLoop(
        {
          pool,
          direct: servers.direct,
          cron: servers.cron,
          queue,
          wake,
          interval: config.SWEEP_INTERVAL,
          auditAfter: config.AUDIT_AFTER,
          checkEvery: config.CHECK_INTERVAL,
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
    await atMost(patience, queue.close()).catch(onError)
    await atMost(patience, pool.end()).catch(onError)
    observe({ kind: 'stopped' })
  }
}
