import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import type { Deadline } from './deadline.ts'

/** Where webhooks go. `authority` is PEM; without it the system's authorities count. */
export type Receiver = { readonly url: string; readonly authority?: readonly string[] | undefined }

type HttpRequest = {
  readonly method: 'POST' | 'OPTIONS'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * What came of a request. `retryAfter` in seconds. `silent`: no answer; `hasLeft` tells whether the request may have reached
 * the receiver all the same.
 */
export type Exchange =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfter: number | undefined }
  | { readonly kind: 'silent'; readonly code: string; readonly hasLeft: boolean }

/** Connections to one receiver; the disposer closes them. */
export type Connections = Disposable & {
  /** Resolves at the latest when the deadline's signal aborts; never rejects. Redirects are not followed. */
  send(request: HttpRequest, deadline: Deadline): Promise<Exchange>
}

/** Bytes of an answer's body that are read so that the connection can be used again, and milliseconds that it may take. */
const worthReading = { bytes: 4_096, milliseconds: 1_000 }

/** The longest pause that a receiver may ask for, in seconds: a reminder has days, not weeks. */
const longestPause = 3_600

/** Opens at most `most` connections, when they are needed; idle ones are closed after `idle` milliseconds. */
export function openConnections(receiver: Receiver, { most, idle }: { most: number; idle: number }): Connections {
  const isSecure = receiver.url.startsWith('https:')
  const options = { keepAlive: idle > 0, maxSockets: most, ...(idle > 0 && { timeout: idle }) }
  const agent = isSecure
    ? new https.Agent({ ...options, ...(receiver.authority && { ca: [...receiver.authority] }) })
    : new http.Agent(options)
  // A connection that is kept is ready at once, a new one says so by an event.
  const ready = new WeakSet<Socket>()
  return {
    send: ({ method, headers, body }, deadline) =>
      new Promise((resolve) => {
        let hasLeft = false
        const silent = (code: string) => resolve({ kind: 'silent', code: deadline.cause() ?? code, hasLeft })
        const request = (isSecure ? https : http).request(receiver.url, {
          method,
          agent,
          signal: deadline.signal,
          headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
        })
        request.once('socket', (socket) => {
          const leave = () => {
            ready.add(socket)
            hasLeft = true
          }
          if (ready.has(socket)) leave()
          else socket.once(isSecure ? 'secureConnect' : 'connect', leave)
        })
        request.once('response', (response) => {
          const retryAfter = retryAfterOf(response.headers['retry-after'])
          resolve({ kind: 'answered', status: response.statusCode ?? 0, retryAfter })
          discardBody(response)
        })
        // Stays attached, as `close` does: after the answer neither changes anything.
        request.on('error', (error) => silent(codeOf(error)))
        request.on('close', () => silent('connection_cut'))
        request.end(body)
      }),
    [Symbol.dispose]: () => agent.destroy(),
  }
}

/** The status has said all; a body may name people, and may never end. */
function discardBody(response: IncomingMessage): void {
  let bytes = 0
  const timer = setTimeout(() => response.destroy(), worthReading.milliseconds)
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > worthReading.bytes) response.destroy()
  })
  response.on('error', () => response.destroy())
  response.once('close', () => clearTimeout(timer))
}

/** Seconds until what a Retry-After header names, a number of seconds or a date; undefined without a sensible one. */
function retryAfterOf(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1_000
  return seconds > 0 ? Math.min(seconds, longestPause) : undefined
}

function codeOf(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code === 'HPE_INVALID_CONSTANT') return 'http_protocol'
  if (code.startsWith('HPE_')) return 'http_malformed' // it begins as HTTP: the request may have been taken
  if (/^(ENOTFOUND|EAI_)/.test(code)) return 'dns'
  if (code === 'EPROTO' || /CERT|TLS|SSL|ALTNAME|SIGNATURE|CRL|ISSUER/.test(code)) return 'tls'
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection_refused'
    case 'ECONNRESET':
    case 'EPIPE':
      return 'connection_cut'
    case 'ETIMEDOUT':
      return 'timeout'
    default:
      return 'connection_failed'
  }
}
