import type { Queue } from 'bullmq'
import { portalQueue } from '../../contracts/portal-job.ts'
import { reminderQueue } from '../../contracts/reminder-job.ts'
import { atMost, pause } from '../../runtime/pause.ts'
import { connectQueue, type QueueConnection } from '../../runtime/queue.ts'
import { openSaid } from '../../runtime/said.ts'
import type { ServerAddress } from '../../runtime/server-address.ts'
import type { Observe } from './events.ts'

/** A queue as the dashboard shows it. */
type ShownQueue = { queue: Queue; title: string; description: string }

/** The queues of one server, from the moment that it has answered for the first time. */
export type ShownQueues = {
  queues: ShownQueue[]
  /** Whether the server answers now, within two seconds. Where it does not, its connection is made anew. */
  answers(): Promise<boolean>
  close(): Promise<void>
}

const openings = [
  {
    name: reminderQueue,
    title: 'Reminders',
    description: 'One job a reminder that is to be sent; its id is that of the row in reminder_dispatch_log.',
  },
  {
    name: portalQueue,
    title: 'Website',
    description: 'One job a mentor whom the website does not show as it should; its id begins with that of the mentor.',
  },
]

/** Milliseconds that the server gets for one answer. */
const patience = 2_000

/**
 * Opens every queue as soon as its server answers, however long that takes, and says once for each code that it waits. Rejects
 * with the signal's reason.
 */
export async function openQueues(
  { observe, ...server }: ServerAddress & { observe: Observe },
  signal: AbortSignal,
): Promise<ShownQueues> {
  const said = openSaid()
  const onFailure = (error: unknown) => {
    if (said.isNew('queue', error)) observe({ kind: 'waiting', reason: 'queue_unreachable', error })
  }
  const onError = (error: unknown) => observe({ kind: 'connection_error', error })
  for (;;) {
    const connection = connectQueue({
      ...server,
      role: 'producer', // it answers within seconds or fails: somebody waits before a page
      name: 'mentor-expiry dashboard queue',
      connections: 4,
      onError,
    })
    try {
      await connection.ready(onFailure, signal)
      const queues = openings.map(({ name, ...rest }) => ({ ...rest, queue: connection.openQueue(name) }))
      for (const { queue } of queues) queue.on('error', onError)
      await Promise.all(queues.map(({ queue }) => queue.waitUntilReady()))
      observe({ kind: 'started', queue: connection.kind })
      return {
        queues,
        answers: watched(connection, observe),
        async close() {
          for (const { queue } of queues) await atMost(patience, queue.close()).catch(onError)
          await atMost(patience, connection.close()).catch(onError)
        },
      }
    } catch (error) {
      await atMost(patience, connection.close()).catch(onError)
      signal.throwIfAborted()
      // BullMQ remembers for ever that its first command failed, so nothing of this connection is kept.
      onFailure(error)
      await pause(500, signal)
      signal.throwIfAborted()
    }
  }
}

/** Asks the server, once for all who want to know at a time; says when it stops answering and when it answers again. */
function watched(connection: QueueConnection, observe: Observe): () => Promise<boolean> {
  let answered = true
  let asking: Promise<boolean> | undefined
  const renew = renewal(connection)
  const ask = async () => {
    const answers = await answersInTime(connection)
    if (!answers) renew()
    if (answers !== answered) observe({ kind: answers ? 'queue_found' : 'queue_lost' })
    answered = answers
    return answers
  }
  return () => {
    asking ??= ask().finally(() => {
      asking = undefined
    })
    return asking
  }
}

async function answersInTime({ server }: QueueConnection): Promise<boolean> {
  let answers = false
  const asked: Promise<unknown> = server.kind === 'redis' ? server.redis.ping() : server.pool.query('select')
  const noted = asked.then(
    () => {
      answers = true
    },
    () => undefined, // no answer either
  )
  await atMost(patience, noted)
  return answers
}

/**
 * Replaces a connection that looks alive though its server has vanished without a word, once until it has closed. A pool
 * does so itself, one connection for each question that got no answer.
 */
function renewal({ server }: QueueConnection): () => void {
  if (server.kind === 'postgres') return () => undefined
  const { redis } = server
  let isClosing = false
  return () => {
    if (isClosing || redis.status !== 'ready') return
    isClosing = true
    redis.once('close', () => {
      isClosing = false
    })
    redis.disconnect(true)
  }
}
