import { createHash } from 'node:crypto'
import type { Random } from '../random.ts'
import { headerOf, type Request } from '../wire/message.ts'

/** What the service adds to each answer; the remaining seconds are written with a thousands comma, as the service does. */
export function headersOf(
  random: Random,
  remaining?: { requests: number; milliseconds: number },
): Record<string, string | string[]> {
  const id = random.guid()
  const limits = remaining && {
    'x-ms-ratelimit-burst-remaining-xrm-requests': String(remaining.requests),
    'x-ms-ratelimit-time-remaining-xrm-requests': (remaining.milliseconds / 1_000).toLocaleString('en-US', {
      minimumFractionDigits: 2,
      maximumFractionDigits: 2,
    }),
  }
  return {
    'odata-version': '4.0',
    'cache-control': 'no-cache',
    expires: '-1',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'x-ms-service-request-id': id,
    req_id: id,
    authactivityid: random.guid(),
    'x-ms-dop-hint': '4',
    ...limits,
  }
}

/** Binds a client that keeps cookies to one server. */
export function cookiesOf(server: number): Record<string, string[]> {
  const affinity = `ARRAffinity=${nameOfServer(server)}; path=/; HttpOnly`
  return { 'set-cookie': [affinity, 'ReqClientId=simulated; path=/; HttpOnly'] }
}

/** The server that a cookie binds the client to. */
export function serverOf(request: Request, servers: number): number | undefined {
  const name = /(?:^|;\s*)ARRAffinity=(\w+)/.exec(headerOf(request, 'cookie') ?? '')?.[1]
  const found = Array.from({ length: servers }, (_, server) => nameOfServer(server)).indexOf(name ?? '')
  return found < 0 ? undefined : found
}

function nameOfServer(server: number): string {
  return createHash('sha256').update(`server ${server}`).digest('hex')
}
