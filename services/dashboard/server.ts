import Fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import type { LoopbackAddress } from '../../runtime/loopback-address.ts'
import { atMost } from '../../runtime/pause.ts'
import { bracketed, type Refusal, refusalOf } from './admission.ts'
import { answerWith, protectiveHeaders } from './answers.ts'
import type { Observe } from './events.ts'

export type DashboardServer = AsyncDisposable & {
  /** Where a browser finds it, with the port that it has got. */
  readonly url: string
}

export type ServerOptions = {
  address: LoopbackAddress
  /** Whether a free port will do where the one asked for is taken. */
  anyPort: boolean
  writable: boolean
}

/** Milliseconds that requests under way get to end; connections that are only kept alive end at once. */
const grace = 2_000

const refusals: Record<Refusal, number> = { host: 421, origin: 403, read_only: 405 }

/**
 * Serves `pages` until it is disposed of: checks who asks, adds the headers that protect them, and turns errors into words.
 * Rejects with the system's error (`EADDRINUSE`) where it cannot listen.
 */
export async function openServer(
  { observe, pages }: { observe: Observe; pages: (server: FastifyInstance) => Promise<void> },
  { address, anyPort, writable }: ServerOptions,
): Promise<DashboardServer> {
  const server = Fastify({
    bodyLimit: 65_536,
    return503OnClosing: false,
    frameworkErrors: (_error, request, reply) => void answerWith(400, request, reply.headers(protectiveHeaders)),
  })
  server.addHook('onRequest', async (request, reply) => {
    reply.headers(protectiveHeaders)
    const why = refusalOf(request, { host: address.host, writable })
    if (why === undefined) return
    observe({ kind: 'request_refused', why, method: request.method })
    return answerWith(refusals[why], request, reply)
  })
  server.setNotFoundHandler((request, reply) => answerWith(404, request, reply))
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode !== undefined && error.statusCode >= 400 ? error.statusCode : 500
    if (status === 500) observe({ kind: 'request_failed', route: request.routeOptions.url ?? 'none', error })
    return answerWith(status, request, reply)
  })
  await pages(server)
  const port = await listen(server, address, anyPort)
  return {
    url: `http://${bracketed(address.host)}:${port}/`,
    async [Symbol.asyncDispose]() {
      const closed = server.close()
      await atMost(grace, closed)
      server.server.closeAllConnections()
      await closed
    },
  }
}

/** Listens and returns the port. */
async function listen(server: FastifyInstance, { host, port }: LoopbackAddress, anyPort: boolean): Promise<number> {
  try {
    await server.listen({ host, port })
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
    if (!anyPort || !isTaken) throw error
    await server.listen({ host, port: 0 })
  }
  const [address] = server.addresses()
  if (typeof address !== 'object') throw new Error('the server listens nowhere')
  return address.port
}
