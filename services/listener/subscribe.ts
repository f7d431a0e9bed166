import pgListen, { type Subscriber } from 'pg-listen'
import { aborted } from '../../runtime/pause.ts'
import { postgresOptions, type ServerAddress } from '../../runtime/server-address.ts'
import { openDoorbellLoss } from './doorbell-loss.ts'

/** The address of a direct connection: a transaction pooler does not pass notifications on. */
export type SubscribeOptions = ServerAddress & {
  /**
   * By channel, what is called when a row became pending, with what the notification says, or may have while nobody listened: at
   * every connect as well.
   */
  doorbells: ReadonlyMap<string, (payload?: string) => void>
  onConnected: () => void
  /** With its error, and again where its code changes. */
  onLost: (error: unknown) => void
}

/**
 * Keeps one LISTEN connection open until the signal aborts, for as long as it takes. pg-listen tries again by itself, also
 * where its first connection fails: a second subscriber beside it would be one too many for ever. Resolves when the
 * connection is closed.
 */
export async function subscribe(options: SubscribeOptions, signal: AbortSignal): Promise<void> {
  const { doorbells, onConnected, ...server } = options
  const subscriber = pgListen.default(
    {
      ...postgresOptions(server),
      application_name: 'mentor-expiry listener doorbell',
      connectionTimeoutMillis: 5_000,
    },
    {
      retryTimeout: 0,
      retryInterval: () => retryInterval(signal),
      paranoidChecking: 10_000,
      parse: (payload) => payload,
    },
  )
  const loss = openDoorbellLoss(server, signal)
  for (const [channel, ring] of doorbells) subscriber.notifications.on(channel, ring)
  subscriber.events.on('error', loss.failed)
  subscriber.events.on('reconnect', loss.attempted)
  subscriber.events.on('connected', () => {
    // A reconnection that succeeds after stop would keep the process alive.
    if (signal.aborted) return void subscriber.close().catch(loss.failed)
    listen(subscriber, doorbells.keys()).then(() => {
      loss.restored()
      onConnected()
      for (const ring of doorbells.values()) ring()
    }, loss.failed)
  })
  // Its end is followed by a reconnect, which reports the loss.
  await subscriber.connect().catch(() => undefined)
  await aborted(signal)
  await subscriber.close().catch(loss.failed)
}

/** Subscribes at the first connection; at later ones pg-listen has done it already. */
async function listen(subscriber: Subscriber, channels: Iterable<string>): Promise<void> {
  const subscribed = subscriber.getSubscribedChannels()
  for (const channel of channels) if (!subscribed.includes(channel)) await subscriber.listenTo(channel)
}

/** Milliseconds. Throwing is the only way to end pg-listen's attempts: it goes on after `close`, and keeps the process alive. */
function retryInterval(signal: AbortSignal): number {
  if (signal.aborted) throw new Error('stopped')
  return 500
}
