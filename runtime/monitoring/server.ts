import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'

/** What keeps a service from its work now, as codes; none when it works. */
export type Readiness = () => string[]

export type MonitoringServer = AsyncDisposable & { readonly address: { host: string; port: number } }

/**
 * Serves `/healthz` (200 as long as the process answers), `/readyz` (200, or 503 with the reasons) and Prometheus'
 * `/metrics`. Rejects where the address is taken.
 */
export async function serveMonitoring(
  { registry, readiness }: { registry: Registry; readiness: Readiness },
  { host, port }: { host: string; port: number },
): Promise<MonitoringServer> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'text/plain', '')
    switch (request.url) {
      case '/healthz':
        return answer(response, 200, 'text/plain', 'ok\n')
      case '/readyz': {
        const reasons = readiness()
        const body = `${JSON.stringify({ ready: reasons.length === 0, reasons })}\n`
        return answer(response, reasons.length === 0 ? 200 : 503, 'application/json', body)
      }
      case '/metrics':
        return void registry.metrics().then(
          (text) => answer(response, 200, registry.contentType, text),
          () => answer(response, 500, 'text/plain', ''),
        )
      default:
        return answer(response, 404, 'text/plain', '')
    }
  })
  server.listen({ host, port })
  await once(server, 'listening')
  return {
    address: addressOf(server.address(), host),
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
}

function addressOf(address: AddressInfo | string | null, host: string): { host: string; port: number } {
  if (address === null || typeof address === 'string') throw new Error('a server on TCP has an address and a port')
  return { host, port: address.port }
}
