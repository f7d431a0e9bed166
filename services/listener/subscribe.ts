import pgListen from 'pg-listen'
import { pause } from '../../runtime/pause.ts'

const channel = 'expiry_reminders'

export type SubscribeOptions = {
  /** A direct connection: a transaction pooler does not pass notifications on. */
  url: string
  /** A reminder became pending, or may have while nobody listened: called at every connect as well. */
  onDoorbell: () => void
  onConnected: () => void
  onLost: (error?: unknown) => void
}

/**
 * Keeps a LISTEN connection open until the signal aborts, for as long as it takes. pg-listen reconnects once it has been
 * connected; a first connection that fails is tried again here. Resolves when the connection is closed.
 */
export async function subscribe(options: SubscribeOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const subscriber = pgListen.default(
      { connectionString: options.url, application_name: 'mentor-expiry listener doorbell' },
      { retryTimeout: 0, retryInterval: 500, paranoidChecking: 10_000, parse: (payload) => payload },
    )
    subscriber.notifications.on(channel, options.onDoorbell)
    subscriber.events.on('error', options.onLost)
    subscriber.events.on('reconnect', (attempt: number) => {
      if (attempt === 1) options.onLost()
    })
    subscriber.events.on('connected', () => {
      // A reconnection that succeeds after stop would keep the process alive.
      if (signal.aborted) void subscriber.close().catch(options.onLost)
      options.onConnected()
      options.onDoorbell()
    })
    try {
      await subscriber.connect()
      await subscriber.listenTo(channel)
      options.onDoorbell()
      await aborted(signal)
    } catch (error) {
      options.onLost(error)
      await pause(500, signal)
    }
    subscriber.events.removeAllListeners('reconnect')
    await subscriber.close().catch(options.onLost)
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
