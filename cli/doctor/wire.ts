import { createConnection } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { parseClusterUrl } from '../../runtime/cluster-url.ts'

const patience = 2_000

type Place = { host: string; port: number }

/**
 * What a Redis that does not answer as asked speaks at its port: tells TLS from plain text by trying, without a
 * password. Undefined where it speaks neither.
 */
export async function spokenAt(url: string): Promise<'plain' | 'tls' | undefined> {
  const place = placeOf(url)
  if (place === undefined) return undefined
  if (await answersPlain(place)) return 'plain'
  return (await answersTls(place)) ? 'tls' : undefined
}

function placeOf(url: string): Place | undefined {
  const cluster = parseClusterUrl(url)
  if (cluster) return cluster.nodes[0]
  const { hostname, port } = new URL(url)
  return { host: hostname.replace(/^\[(.*)\]$/, '$1') || 'localhost', port: Number(port || 6379) }
}

function answersPlain(place: Place): Promise<boolean> {
  const socket = createConnection(place)
  return new Promise<boolean>((resolve) => {
    socket.setTimeout(patience, () => resolve(false))
    socket.once('connect', () => socket.write('PING\r\n'))
    socket.once('data', (data) => resolve(/^[+-][A-Z]/.test(data.toString('latin1'))))
    for (const end of ['error', 'close'] as const) socket.once(end, () => resolve(false))
  }).finally(() => socket.destroy())
}

function answersTls(place: Place): Promise<boolean> {
  // Nothing is sent: what matters is whether it speaks TLS, not whether it may be believed.
  const socket = connectTls({ ...place, rejectUnauthorized: false })
  return new Promise<boolean>((resolve) => {
    socket.setTimeout(patience, () => resolve(false))
    socket.once('secureConnect', () => resolve(true))
    for (const end of ['error', 'close'] as const) socket.once(end, () => resolve(false))
  }).finally(() => socket.destroy())
}
