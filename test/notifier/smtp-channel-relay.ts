import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

export type Relay = AsyncDisposable & {
  readonly url: string
  readonly sessions: number
  /** Ends every connection as a server does that is tired of waiting, with a last line where one is given. */
  hangUp(farewell?: string): void
}

/** Passes connections on to the server at `port`, and hides that it offers PIPELINING unless told otherwise. */
export async function startRelay(port: number, { pipelining = false } = {}): Promise<Relay> {
  const clients = new Set<Socket>()
  let sessions = 0
  const server: Server = createServer((client) => {
    sessions += 1
    clients.add(client)
    const upstream = connect(port, '127.0.0.1')
    const part = () => {
      clients.delete(client)
      client.destroy()
      upstream.destroy()
    }
    client.on('close', part).on('error', part)
    upstream.on('close', part).on('error', part)
    client.pipe(upstream)
    upstream.on('data', (chunk: Buffer) => {
      client.write(pipelining ? chunk : chunk.toString('latin1').replace('250-PIPELINING\r\n', ''), 'latin1')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the relay does not listen')
  return {
    url: `smtp://127.0.0.1:${address.port}`,
    get sessions() {
      return sessions
    },
    hangUp: (farewell = '') => {
      for (const client of clients) client.end(farewell)
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
