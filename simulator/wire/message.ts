import type { IncomingHttpHeaders } from 'node:http'

/** A request as the imitated services see it. */
export type Request = {
  method: string
  /** As it was sent: nothing is decoded yet. */
  path: string
  /** As it was sent, without the question mark. */
  query: string
  headers: IncomingHttpHeaders
  body: Buffer
  /** Scheme, host and port under which the simulator is reached. */
  origin: string
  /** What the service's clock shows, milliseconds of the epoch. */
  now: number
}

/** What a service answers; the wire adds what every answer carries. */
export type Answer = {
  status: number
  headers?: Record<string, string | string[]>
  body?: string
}

/** What is known of a request before it is carried out. */
export type Admission = {
  refusal?: Answer
  /** The application that asks, where a service has recognised it. */
  application?: string
  /** Which of the simulated servers took it. */
  server?: number
  /** Headers that this service adds to each of its answers, a refusal included. */
  headers?: Record<string, string | string[]>
  /** Carries the request out, at once and as a whole: nothing else happens in between. */
  carryOut(now: number): Answer
  /** Must be called when the answer has left or the connection is lost. */
  release(): void
}

/** The names by which faults and the journal tell requests apart. */
export const routes = ['token', 'openid', 'whoami', 'collection', 'row', 'metadata', 'batch', 'other', 'page'] as const
export type Route = (typeof routes)[number]

/** One of the imitated services. */
export type Service = {
  routeOf(request: Request): Route
  admit(request: Request): Admission
}

/** A header that may have been sent more than once, as one text. */
export function headerOf(request: { headers: IncomingHttpHeaders }, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

export function json(status: number, value: unknown, headers: Record<string, string | string[]> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(value),
  }
}

export function html(status: number, title: string, headers: Record<string, string> = {}): Answer {
  const body = `<!doctype html>\n<html lang="en"><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`
  return { status, headers: { 'content-type': 'text/html; charset=utf-8', ...headers }, body }
}

export function text(status: number, body: string, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body }
}

/** What the simulator does not imitate is never answered as if it had been done. */
export function notImitated(what: string): Answer {
  return json(501, { error: { code: '', message: `The simulator does not imitate ${what}.` } })
}
