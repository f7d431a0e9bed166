import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { migrateQueue } from '../../cli/migrate/queue.ts'
import { parseConfig } from '../../runtime/config.ts'
import { runDashboard } from '../../services/dashboard/dashboard.ts'
import type { DashboardEvent } from '../../services/dashboard/events.ts'
import { type JobQueue, openJobQueue } from '../../services/listener/job-queue.ts'
import { reminders } from '../../services/listener/routes/reminders.ts'
import { freshDatabase } from '../support/database.ts'
import { startProxy } from '../support/proxy.ts'
import { startRedis } from '../support/redis.ts'
import { waitFor } from '../support/wait.ts'

export type Backend = 'redis' | 'postgres'

/** A dashboard in this process that has found its queue. */
export type Shown = AsyncDisposable & {
  /** Its address, without the slash. */
  readonly origin: string
  readonly port: number
  readonly events: readonly DashboardEvent[]
  /** The listener's end of the queue of reminders that it shows. */
  readonly queue: JobQueue
  /** What lies between the dashboard and its queue's server. */
  readonly proxy: Awaited<ReturnType<typeof startProxy>>
  /** Tells it to stop; resolves when it has, rejects with what it threw. */
  stop(): Promise<void>
}

/** Runs a dashboard on a free port, over a queue of its own. */
export async function showDashboard(backend: Backend, env: Record<string, string> = {}): Promise<Shown> {
  const database = await freshDatabase()
  const redis = backend === 'redis' ? await startRedis() : undefined
  const queueUrl = redis?.url ?? database.url
  await migrateQueue({ url: queueUrl })
  const queue = await openJobQueue({ route: reminders, url: queueUrl, onError: () => undefined })
  const proxy = await startProxy({ targetPort: Number(new URL(queueUrl).port) })
  const config = parseConfig({
    DATABASE_URL: database.url,
    QUEUE_URL: Object.assign(new URL(queueUrl), { port: String(proxy.port) }).href,
    DASHBOARD_ADDRESS: '127.0.0.1:0',
    ...env,
  })
  const events: DashboardEvent[] = []
  const stopping = new AbortController()
  const ended = runDashboard({ observe: (event) => events.push(event) }, config, stopping.signal)
  // Reported by `stop`; until then nobody waits for it.
  ended.catch(() => undefined)
  const stop = () => {
    stopping.abort()
    return ended
  }
  await Promise.race([ended, waitFor('the queue', () => events.some(({ kind }) => kind === 'started'))])
  const listening = events.find((event) => event.kind === 'listening')
  if (listening?.kind !== 'listening') throw new Error('the dashboard listens nowhere')
  const { origin, port } = new URL(listening.url)
  return {
    origin,
    port: Number(port),
    events,
    queue,
    proxy,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop()
      await queue.close()
      for (const resource of [proxy, redis, database]) await resource?.[Symbol.asyncDispose]()
    },
  }
}

/** An answer of a server, as it came over the wire. */
export type Answer = { status: number; headers: IncomingHttpHeaders; text: string }

/** One request with headers that `fetch` does not let one choose, such as Host. */
export async function ask(
  { port }: Pick<Shown, 'port'>,
  path: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const asked = request({ host: '127.0.0.1', port, path, method, headers, agent: false })
  const answered = once(asked, 'response')
  asked.end(body)
  const [response] = (await answered) as [IncomingMessage]
  return { status: response.statusCode ?? 0, headers: response.headers, text: await text(response) }
}
