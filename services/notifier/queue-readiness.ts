import { pause } from '../../runtime/pause.ts'
import type { QueueConnection } from '../../runtime/queue.ts'
import type { Observe } from './events.ts'

/**
 * Resolves when the server of the queue answers, and says once that it waits for it; rejects with the signal's reason.
 * BullMQ remembers a first failure for ever, so nothing of it is built before.
 */
export async function waitForQueue(connection: QueueConnection, observe: Observe, signal: AbortSignal): Promise<void> {
  const { server } = connection
  const said = once((error) => observe({ kind: 'waiting', reason: 'queue_unreachable', error }))
  if (server.kind === 'redis') return ready(server.redis, said, signal)
  for (;;) {
    try {
      await server.pool.query('select from migration limit 1')
      return
    } catch (error) {
      signal.throwIfAborted()
      said(error)
      await pause(500, signal)
    }
  }
}

type Connecting = {
  status: string
  on(event: 'ready' | 'error', listener: (error?: unknown) => void): unknown
  off(event: 'ready' | 'error', listener: (error?: unknown) => void): unknown
}

function ready(redis: Connecting, onError: (error: unknown) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      redis.off('ready', settle)
      redis.off('error', onError)
      signal.removeEventListener('abort', settle)
      if (signal.aborted) reject(signal.reason)
      else resolve()
    }
    if (signal.aborted || redis.status === 'ready') return settle()
    redis.on('ready', settle)
    redis.on('error', onError)
    signal.addEventListener('abort', settle, { once: true })
  })
}

function once(say: (error: unknown) => void): (error: unknown) => void {
  let said = false
  return (error) => {
    if (!said) say(error)
    said = true
  }
}
