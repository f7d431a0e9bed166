import { connect, type Socket } from 'node:net'
import { createNotificationFilter } from './postgres-frames.ts'

/** One client's connection through the proxy, with its own connection to the server. */
export type ProxyConnection = {
  stall(on: boolean): void
  /** Nothing passes any more, whatever happens to a stall. */
  forsake(): void
  destroy(): void
}

export type ProxyConnectionOptions = {
  client: Socket
  targetPort: number
  isPostgres: boolean
  /** How long this chunk to the server has to wait, in milliseconds. */
  delayOf: (chunk: Buffer) => number
  isDropping: () => boolean
  onDrop: () => void
  onClose: () => void
}

/** Connects to the server and passes bytes both ways until either side ends or `destroy`. */
export function createProxyConnection(options: ProxyConnectionOptions): ProxyConnection {
  const { client, targetPort, isPostgres, delayOf, isDropping, onDrop, onClose } = options
  const server = connect({ port: targetPort, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  const filter = isPostgres ? createNotificationFilter({ isDropping, onDrop }) : undefined
  let delayed: { chunk: Buffer; isDue: boolean } | undefined
  let timer: NodeJS.Timeout | undefined
  let isStalled = false
  let isForsaken = false

  const destroy = () => {
    clearTimeout(timer)
    client.destroy()
    server.destroy()
  }
  const pass = (from: Socket, to: Socket, bytes: Buffer) => {
    if (bytes.length > 0 && !to.write(bytes)) from.pause()
  }
  /** Passes a delayed chunk that is due, and reads on from both sides where nothing stands against it. */
  const goOn = () => {
    if (isStalled) return
    if (delayed?.isDue) {
      const { chunk } = delayed
      delayed = undefined
      pass(client, server, chunk)
    }
    if (!delayed && !server.writableNeedDrain) client.resume()
    if (!client.writableNeedDrain) server.resume()
  }

  client.on('data', (chunk) => {
    filter?.fromClient(chunk)
    const ms = delayOf(chunk)
    if (ms === 0) return pass(client, server, chunk)
    client.pause()
    const waiting = { chunk, isDue: false }
    delayed = waiting
    timer = setTimeout(() => {
      waiting.isDue = true
      goOn()
    }, ms)
  })
  server.on('data', (chunk) => pass(server, client, filter ? filter.fromServer(chunk) : chunk))

  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    to.on('drain', goOn)
    from.on('end', () => to.end())
    // An error is followed by "close", and there is nobody to tell but the other side.
    from.on('error', () => undefined)
    from.once('close', () => {
      // What was received before still goes out, unless this side was cut.
      if (from.errored) to.destroy()
      else to.end()
      if (client.destroyed && server.destroyed) onClose()
    })
  }

  const stall = (on: boolean) => {
    isStalled = on || isForsaken
    if (!isStalled) return goOn()
    client.pause()
    server.pause()
  }

  return {
    destroy,
    stall,
    forsake: () => {
      isForsaken = true
      stall(true)
    },
  }
}
