import type { Job } from 'bullmq'
import { migrateQueue } from '../../cli/migrate/queue.ts'
import { reminderQueue } from '../../contracts/reminder-job.ts'
import { parseConfig } from '../../runtime/config.ts'
import { connectQueue } from '../../runtime/queue.ts'
import type { ListenerEvent } from '../../services/listener/events.ts'
import { runListener } from '../../services/listener/listener.ts'
import { allRoutes } from '../../services/listener/routes/index.ts'
import type { Route } from '../../services/listener/routes/route.ts'
import type { NotifierEvent } from '../../services/notifier/events.ts'
import { runNotifier } from '../../services/notifier/notifier.ts'
import { openChannels } from '../../services/notifier/open-channels.ts'
import { type SmtpFake, startSmtp } from '../fakes/smtp/server.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { startRedis } from '../support/redis.ts'

export type Backend = 'redis' | 'postgres'

/** A service that runs in this process. */
type Running<Event> = {
  readonly events: readonly Event[]
  /** Tells it to stop; resolves when it has, rejects with what it threw. */
  stop(): Promise<void>
}

/** Everything that a reminder passes through, with both services in this process. */
export type Pipeline = AsyncDisposable & {
  readonly database: Database
  readonly smtp: SmtpFake
  readonly queueUrl: string
  /** `routes` as in runListener. */
  startListener(env?: Record<string, string>, routes?: readonly Route[]): Running<ListenerEvent>
  startNotifier(env?: Record<string, string>): Running<NotifierEvent>
  /** The queue's job of a row's generation. */
  job(row: { id: number; generation: number }): Promise<Job | undefined>
}

// The sweep is rare on purpose: what these tests see at once, the doorbell has brought.
const BRISK = { RETRY_BASE: '1', RETRY_CAP: '1', SWEEP_INTERVAL: '60', MAIL_FROM: 'Reminders <reminders@example.org>' }

/** Opens a pipeline whose queue lives in a Redis of its own, or beside the tables in PostgreSQL. */
export async function openPipeline(backend: Backend): Promise<Pipeline> {
  const database = await freshDatabase()
  const smtp = await startSmtp()
  const redis = backend === 'redis' ? await startRedis() : undefined
  const queueUrl = redis?.url ?? database.url
  await migrateQueue({ url: queueUrl })
  const configOf = (env: Record<string, string>) =>
    parseConfig({ ...BRISK, DATABASE_URL: database.url, QUEUE_URL: queueUrl, MAIL_URL: smtp.url, ...env })
  const running: Running<unknown>[] = []
  const run = <Event>(service: (observe: (event: Event) => void, signal: AbortSignal) => Promise<void>) => {
    const events: Event[] = []
    const stop = new AbortController()
    const ended = service((event) => events.push(event), stop.signal)
    // Reported by `stop`; until then nobody waits for it.
    ended.catch(() => undefined)
    const started: Running<Event> = {
      events,
      stop: () => {
        stop.abort()
        return ended
      },
    }
    running.push(started)
    return started
  }

  return {
    database,
    smtp,
    queueUrl,
    startListener: (env = {}, routes = allRoutes) =>
      run<ListenerEvent>((observe, signal) => runListener({ observe, routes }, configOf(env), signal)),
    startNotifier: (env = {}) =>
      run<NotifierEvent>(async (observe, signal) => {
        const config = configOf(env)
        const channels = openChannels(config)
        try {
          await runNotifier({ channels, observe }, config, signal)
        } finally {
          for (const channel of channels) await channel[Symbol.asyncDispose]()
        }
      }),
    job: async ({ id, generation }) => {
      const connection = connectQueue({
        url: queueUrl,
        role: 'worker',
        name: 'test',
        connections: 1,
        onError: () => undefined,
      })
      const queue = connection.openQueue(reminderQueue)
      try {
        return await queue.getJob(`${id}-${generation}`)
      } finally {
        await queue.close()
        await connection.close()
      }
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.allSettled(running.map((service) => service.stop()))
      for (const resource of [smtp, redis, database]) await resource?.[Symbol.asyncDispose]()
    },
  }
}
