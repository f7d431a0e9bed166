import { once } from 'node:events'
import { createServer } from 'node:net'
import { codeOf } from './fault.ts'

/** The first of `preferred` that is free on 127.0.0.1, otherwise any free one. Somebody else may still be faster. */
export async function freePort(preferred: readonly number[]): Promise<number> {
  for (const port of preferred) {
    if ((await tryPort(port)) !== undefined) return port
  }
  const any = await tryPort(0)
  if (any === undefined) throw new Error('the system gave no free port on 127.0.0.1')
  return any
}

/** The port that could be listened on, or undefined where it is taken or not ours to take. */
async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer()
  try {
    server.listen({ host: '127.0.0.1', port, exclusive: true })
    await once(server, 'listening')
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : undefined
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE' || codeOf(error) === 'EACCES') return undefined
    throw error
  } finally {
    if (server.listening) {
      server.close()
      await once(server, 'close')
    }
  }
}
