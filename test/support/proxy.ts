import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { freePort } from './free-port.ts'
import { createProxyConnection, type ProxyConnection } from './proxy-connection.ts'

/** What has passed so far: connections accepted and open now, chunks that were delayed, notifications that were lost. */
type ProxyCounters = { accepted: number; open: number; delayed: number; droppedNotifications: number }

/** A TCP proxy on 127.0.0.1 in front of one server, with faults that a test switches on and off. */
export type Proxy = AsyncDisposable & {
  readonly port: number
  readonly counters: Readonly<ProxyCounters>
  /** Destroys every open connection on both sides. */
  cut(): void
  /** On: new connections are refused, open ones live on. Resolves when it is so. */
  refuse(on: boolean): Promise<void>
  /** On: connections, old and new, stay open and nothing passes in either direction; off: all that waited passes. */
  stall(on: boolean): void
  /** The open connections stay open and silent for ever, as if their peer had vanished; new ones pass. */
  forsake(): void
  /**
   * From now on each chunk to the server waits `ms` before it passes, or only a chunk that holds `match`; what comes
   * behind it on its connection waits too. 0 ends it. A match that is cut in two by the network is not seen.
   */
  delayUpstream(ms: number, match?: Buffer | string): void
  /** On: every NOTIFY is lost on its way to the client. Only for `protocol: 'postgres'` without TLS. */
  dropNotifications(on: boolean): void
}

export type ProxyOptions = { targetPort: number; protocol?: 'postgres' }

/** Starts a proxy to a port of this machine. `protocol` says whether the messages in it may be looked at. */
export async function startProxy({ targetPort, protocol }: ProxyOptions): Promise<Proxy> {
  const port = await freePort()
  const connections = new Set<ProxyConnection>()
  const counters: ProxyCounters = { accepted: 0, open: 0, delayed: 0, droppedNotifications: 0 }
  let delay: { ms: number; match: Buffer | string | undefined } = { ms: 0, match: undefined }
  let isStalled = false
  let isDropping = false

  const accept = (client: Socket) => {
    counters.accepted += 1
    const connection = createProxyConnection({
      client,
      targetPort,
      isPostgres: protocol === 'postgres',
      delayOf: (chunk) => {
        if (delay.ms === 0 || (delay.match !== undefined && !chunk.includes(delay.match))) return 0
        counters.delayed += 1
        return delay.ms
      },
      isDropping: () => isDropping,
      onDrop: () => {
        counters.droppedNotifications += 1
      },
      onClose: () => {
        connections.delete(connection)
        counters.open = connections.size
      },
    })
    connections.add(connection)
    counters.open = connections.size
    connection.stall(isStalled)
  }

  let server: Server | undefined = await listen(accept, port)
  const cut = () => {
    for (const connection of connections) connection.destroy()
  }
  return {
    port,
    counters,
    cut,
    refuse: async (on) => {
      if (on) server?.close()
      server = on ? undefined : (server ?? (await listen(accept, port)))
    },
    stall: (on) => {
      isStalled = on
      for (const connection of connections) connection.stall(on)
    },
    forsake: () => {
      for (const connection of connections) connection.forsake()
    },
    delayUpstream: (ms, match) => {
      delay = { ms, match }
    },
    dropNotifications: (on) => {
      if (protocol !== 'postgres') throw new Error("a proxy that drops notifications needs protocol 'postgres'")
      isDropping = on
    },
    [Symbol.asyncDispose]: async () => {
      const closed = server && once(server, 'close')
      server?.close()
      cut()
      await closed
    },
  }
}

async function listen(accept: (client: Socket) => void, port: number): Promise<Server> {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, accept)
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}
