import { Cluster, type Redis } from 'ioredis'

type Connection = {
  readonly status: string
  connect(): Promise<void>
  disconnect(): void
  on(event: 'error', listener: () => void): unknown
}

/**
 * Keeps track of the copies that BullMQ's worker makes of a connection, and returns what ends all of them, whatever
 * their server does.
 */
export function watchCopies(redis: Redis | Cluster): () => void {
  const connections: Connection[] = [redis]
  const remember = <T extends Connection>(copy: T): T => {
    connections.push(copy)
    return copy
  }
  if (redis instanceof Cluster) {
    const duplicate = redis.duplicate.bind(redis)
    redis.duplicate = (nodes, options) => remember(duplicate(nodes, options))
  } else {
    const duplicate = redis.duplicate.bind(redis)
    redis.duplicate = (options) => remember(duplicate(options))
  }
  return () => {
    for (const connection of connections) end(connection)
  }
}

/**
 * ioredis that is told to disconnect between two attempts to reach its server never says `end` and keeps its commands:
 * who waits for either (BullMQ's worker when it closes) waits for ever. One more attempt leads to its end.
 */
function end(connection: Connection): void {
  connection.on('error', () => undefined) // of an attempt that was to fail; whoever used it no longer listens
  const isBetweenAttempts = connection.status === 'reconnecting'
  connection.disconnect()
  if (!isBetweenAttempts) return
  connection.connect().then(
    () => connection.disconnect(),
    () => undefined,
  )
}
