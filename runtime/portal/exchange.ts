import { Agent, fetch as fetchBy } from 'undici'
import { startDeadline } from '../channels/deadline.ts'

/** What came of a request. `silent`: no whole answer; `mayHaveArrived` is false only where it certainly never left. */
export type Exchange =
  | { readonly kind: 'answered'; readonly status: number; readonly headers: AnswerHeaders; readonly text: string }
  | { readonly kind: 'silent'; readonly code: string; readonly mayHaveArrived: boolean }

/** Headers of an answer by their names, in any case. */
export type AnswerHeaders = { get(name: string): string | null }

type HttpRequest = {
  readonly url: string
  readonly method: 'GET' | 'PATCH' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
}

/** Sends requests and never rejects. Redirects are not followed, and no cookie is kept. The disposer closes connections. */
export type Wire = AsyncDisposable & {
  send(request: HttpRequest, signal: AbortSignal): Promise<Exchange>
}

/** Opens a wire; a request takes at most `timeout` milliseconds, its answer included. */
export function openWire({ timeout, trusted }: { timeout: number; trusted: readonly string[] | undefined }): Wire {
  // Node's fetch takes no authority of one's own; undici is the same code as a package.
  const dispatcher = trusted && new Agent({ connect: { ca: [...trusted] } })
  return {
    send: async ({ url, method, headers, body }, signal) => {
      if (signal.aborted) return { kind: 'silent', code: 'aborted', mayHaveArrived: false }
      using deadline = startDeadline(timeout, signal)
      const init = { method, headers, redirect: 'manual' as const, signal: deadline.signal, body: body ?? null }
      try {
        const response = await (dispatcher ? fetchBy(url, { ...init, dispatcher }) : fetch(url, init))
        return { kind: 'answered', status: response.status, headers: response.headers, text: await response.text() }
      } catch (error) {
        const cause = deadline.cause()
        if (cause !== undefined) return { kind: 'silent', code: cause, mayHaveArrived: true }
        return { kind: 'silent', ...faultOf(error) }
      }
    },
    [Symbol.asyncDispose]: async () => await dispatcher?.destroy(),
  }
}

/** Certificates that are not believed: the handshake ended before the request. */
const disbelieved = /^(CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|ERR_TLS_CERT|ERR_SSL_WRONG_VERSION)/

/** The code of what fetch threw; its texts may name hosts. */
function faultOf(error: unknown): { code: string; mayHaveArrived: boolean } {
  const cause = error instanceof Error ? error.cause : undefined
  const code = memberOf(cause, 'code') ?? 'connection_failed'
  const attempts = cause instanceof AggregateError ? cause.errors : [cause]
  const isUnconnected = attempts.every((each) => ['connect', 'getaddrinfo'].includes(memberOf(each, 'syscall') ?? ''))
  return { code, mayHaveArrived: !(isUnconnected || code === 'UND_ERR_CONNECT_TIMEOUT' || disbelieved.test(code)) }
}

function memberOf(value: unknown, name: 'code' | 'syscall'): string | undefined {
  if (typeof value !== 'object' || value === null || !(name in value)) return undefined
  const member: unknown = Reflect.get(value, name)
  return typeof member === 'string' && /^\w{1,60}$/.test(member) ? member : undefined
}
