import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

// Below the ports that systems hand out to outgoing connections: a server that is down for a moment finds its port
// free again, whatever else connects meanwhile.
const FIRST_PORT = 15_000
const LAST_PORT = 32_000

/** A port on 127.0.0.1 on which nothing listens. Another process may take it before the caller does. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT)
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const listening = once(server, 'listening')
  server.listen(port, '127.0.0.1')
  try {
    await listening
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES'))
      return false
    throw error
  }
  server.close()
  await once(server, 'close')
  return true
}
