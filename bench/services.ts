import { Redis } from 'ioredis'
import { parseConfig } from '../runtime/config.ts'
import type { ListenerEvent } from '../services/listener/events.ts'
import { runListener } from '../services/listener/listener.ts'
import type { Channel } from '../services/notifier/channels/channel.ts'
import type { NotifierEvent } from '../services/notifier/events.ts'
import { runNotifier } from '../services/notifier/notifier.ts'
import type { PortalSyncEvent } from '../services/portal-sync/events.ts'
import { runPortalSync } from '../services/portal-sync/portal-sync.ts'
import { withResolvers } from './countdown.ts'

export type Urls = { postgresUrl: string; queueUrl: string }

/** What would spoil a measurement in silence. */
const troubles = new Set<string>([
  'dispatch_failed',
  'sweep_failed',
  'listen_lost',
  'nightly_started',
  'begin_failed',
  'finish_failed',
  'gate_closed',
  'worker_replaced',
  'record_failed',
  'unhealthy',
] satisfies (ListenerEvent['kind'] | NotifierEvent['kind'] | PortalSyncEvent['kind'])[])

/** A channel that accepts at once; `onMessage` hears of each message's id. */
export function instantChannel(onMessage: (mentorRef: string) => void = () => undefined): Channel {
  return {
    name: 'instant',
    async deliver(delivery) {
      onMessage(delivery.mentor.ref)
      return { kind: 'accepted', code: 'instant', messageId: `<${delivery.id}@bench>` }
    },
    probe: async () => undefined,
    async [Symbol.asyncDispose]() {},
  }
}

/**
 * Starts the listener in this process; resolves when it listens. `window` is the most reminders that it keeps queued.
 * Disposal stops it, and rejects where something went wrong while it worked.
 */
export async function startListener(
  { postgresUrl, queueUrl }: Urls,
  options: { window?: number; onDispatched?: (count: number) => void },
): Promise<AsyncDisposable> {
  const config = parseConfig({
    DATABASE_URL: postgresUrl,
    QUEUE_URL: queueUrl,
    ...(options.window !== undefined && { QUEUE_WINDOW: String(options.window) }),
  })
  return started((observe, signal) => {
    const onEvent = (event: ListenerEvent) => {
      if (event.kind === 'dispatched') options.onDispatched?.(event.count)
      observe(event, 'listening')
    }
    return runListener({ observe: onEvent }, config, signal)
  })
}

/** Starts the notifier in this process; resolves when its worker is open. Disposal as with the listener. */
export async function startNotifier(
  { postgresUrl, queueUrl }: Urls,
  options: { concurrency: number; channel?: Channel; onSent?: () => void },
): Promise<AsyncDisposable> {
  const config = parseConfig({
    DATABASE_URL: postgresUrl,
    QUEUE_URL: queueUrl,
    NOTIFIER_CONCURRENCY: String(options.concurrency),
  })
  return started((observe, signal) => {
    const onEvent = (event: NotifierEvent) => {
      if (event.kind === 'sent') options.onSent?.()
      observe(event, 'started')
    }
    return runNotifier({ channels: [options.channel ?? instantChannel()], observe: onEvent }, config, signal)
  })
}

/** Starts the portal sync in this process; resolves when it speaks with the portal. Disposal as with the listener. */
export async function startPortalSync(
  { postgresUrl, queueUrl }: Urls,
  env: Readonly<Record<string, string>>,
  onSynced: () => void,
): Promise<AsyncDisposable> {
  const config = parseConfig({ DATABASE_URL: postgresUrl, QUEUE_URL: queueUrl, ...env })
  return started((observe, signal) => {
    const onEvent = (event: PortalSyncEvent) => {
      if (event.kind === 'pushed' && event.status === 'synced') onSynced()
      observe(event, 'gate_opened')
    }
    return runPortalSync({ observe: onEvent }, config, signal)
  })
}

/** Forgets all that a Redis holds; in PostgreSQL the queue is emptied with the log. */
export async function emptyQueue(queueUrl: string): Promise<void> {
  if (!queueUrl.startsWith('redis')) return
  const redis = new Redis(queueUrl)
  await redis.flushall()
  redis.disconnect()
}

type Observe = (event: { kind: string }, ready: string) => void

async function started(run: (observe: Observe, signal: AbortSignal) => Promise<void>): Promise<AsyncDisposable> {
  const stop = new AbortController()
  const ready = withResolvers<void>()
  const trouble: string[] = []
  const service = run((event, readyKind) => {
    if (event.kind === readyKind) ready.resolve()
    if (troubles.has(event.kind) && !stop.signal.aborted) trouble.push(event.kind)
  }, stop.signal)
  service.catch(() => undefined) // told at the race, or at the disposal
  await Promise.race([ready.promise, service])
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await service
      if (trouble.length > 0) throw new Error(`a service was in trouble while it was measured: ${trouble.join(', ')}`)
    },
  }
}
