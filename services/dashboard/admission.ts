import type { FastifyRequest } from 'fastify'

/** Why a request is not let in: see `refusalOf`. */
export type Refusal = 'host' | 'origin' | 'read_only'

const reading = new Set(['GET', 'HEAD'])

/**
 * Why a server that listens on `host`, and only reads unless `writable`, refuses this request; undefined where it does not.
 * - `host`: it was addressed by another name: some site's name was pointed at this machine (DNS rebinding).
 * - `read_only`: it would change something.
 * - `origin`: it would change something, and no page of ours has sent it.
 */
export function refusalOf(
  { headers, method, socket }: Pick<FastifyRequest, 'headers' | 'method' | 'socket'>,
  { host, writable }: { host: string; writable: boolean },
): Refusal | undefined {
  const addressed = headers.host?.toLowerCase()
  if (addressed === undefined || !hostsOf(host, socket.localPort).includes(addressed)) return 'host'
  if (reading.has(method)) return undefined
  if (!writable) return 'read_only'
  return headers.origin === `http://${addressed}` ? undefined : 'origin'
}

function hostsOf(host: string, port: number | undefined): string[] {
  const names = ['localhost', '127.0.0.1', '[::1]', bracketed(host)]
  return names.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]))
}

/** A host as a URL has it. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
