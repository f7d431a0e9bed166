import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'

/** A server on loopback that can go away and come back under the same address. */
export type Server = AsyncDisposable & {
  readonly origin: string
  /** Refuses connections and breaks those that are open. */
  down(): Promise<void>
  up(): Promise<void>
}

export type Handle = (request: IncomingMessage, response: ServerResponse) => void

export async function openServer(
  handle: Handle,
  options: { port: number; tls?: { cert: string; key: string } | undefined },
): Promise<Server> {
  const sockets = new Set<Socket>()
  let { port } = options
  let server: http.Server | undefined

  const up = async () => {
    if (server) return
    const opened = options.tls ? https.createServer(options.tls, handle) : http.createServer(handle)
    opened.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    opened.listen(port, '127.0.0.1')
    await once(opened, 'listening')
    port = portOf(opened.address())
    server = opened
  }
  const down = async () => {
    if (!server) return
    const closed = once(server, 'close')
    server.close()
    server = undefined
    for (const socket of sockets) socket.destroy()
    await closed
  }

  await up()
  return { origin: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`, down, up, [Symbol.asyncDispose]: down }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('a server on TCP has a port')
  return address.port
}
