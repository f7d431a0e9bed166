import { z } from 'zod'
import type { Exchange } from './exchange.ts'
import { parseJson } from './json.ts'
import { retryAfterOf } from './retry-after.ts'
import type { TokenFailure } from './token-request.ts'

/** `requestId` is the service's own name for the request, for logs; undefined where nobody answered. */
type Traced = { readonly requestId: string | undefined }

/** Why a request was not carried out, or may not have been; `code` is short and for machines, `retryAfter` in seconds. */
export type Failure =
  /** No such record: by the service's own word, since a 404 alone may be anybody's. */
  | ({ readonly kind: 'missing'; readonly code: string } & Traced)
  /** Another version than the one that was named, by the service's own word. */
  | ({ readonly kind: 'conflict'; readonly code: string } & Traced)
  /** About this record or this request: the same one will not do better. */
  | ({ readonly kind: 'rejected'; readonly code: string } & Traced)
  /** Our user may not do this, and no other request either. */
  | ({ readonly kind: 'forbidden'; readonly code: string } & Traced)
  | ({ readonly kind: 'credentials_rejected'; readonly code: string } & Traced)
  | ({ readonly kind: 'throttled'; readonly code: string; readonly retryAfter: number | undefined } & Traced)
  /** `mayHaveArrived`: it may have been carried out, or may yet be. */
  | ({
      readonly kind: 'failed'
      readonly code: string
      readonly mayHaveArrived: boolean
      readonly retryAfter: number | undefined
    } & Traced)

/** What came of a request; `body` is parsed JSON, undefined where there is none. */
export type Answer =
  | ({
      readonly kind: 'ok'
      readonly status: number
      readonly body: unknown
      readonly etag: string | undefined
    } & Traced)
  | Failure

/** The codes by which a record is not there: by its id, by its key. */
const gone = new Set(['0x80040217', '0x80060891'])

/** The code of a record that has another version than the one that a request named. */
const otherVersion = '0x80060882'

/** Judges what came of a request: `isBodyDue` where nothing but JSON is an answer, `isVersioned` where it named a version. */
export function judge(
  exchange: Exchange,
  { isBodyDue, isVersioned }: { isBodyDue: boolean; isVersioned: boolean },
): Answer {
  if (exchange.kind === 'silent') return failed(exchange)
  const { status, headers, text } = exchange
  const body = parseJson(text)
  const code = codeOf(body) ?? `http_${status}`
  const requestId = requestIdOf(headers)
  if (status === 200 || status === 204) {
    if (body === undefined && (isBodyDue || text !== ''))
      return failed({ code: 'not_json', mayHaveArrived: true, requestId })
    return { kind: 'ok', status, body, etag: headers.get('etag') ?? undefined, requestId }
  }
  const retryAfter = retryAfterOf(headers)
  if (status === 401) return { kind: 'credentials_rejected', code, requestId }
  if (status === 403) return { kind: 'forbidden', code, requestId }
  if (status === 404 && gone.has(code)) return { kind: 'missing', code, requestId }
  if (status === 404) return failed({ code, mayHaveArrived: false, retryAfter, requestId })
  if (status === 412 && isVersioned && code === otherVersion) return { kind: 'conflict', code, requestId }
  if (status === 429) return { kind: 'throttled', code, retryAfter, requestId }
  // A timeout of what stands before the service; its own refusals say what is wrong with the request.
  if (status >= 400 && status < 500 && status !== 408) return { kind: 'rejected', code, requestId }
  return failed({ code, mayHaveArrived: true, retryAfter, requestId })
}

/** The same where there was no token to ask with. */
export function withoutToken(failure: TokenFailure): Failure {
  const code = failure.code === 'aborted' ? failure.code : `token_${failure.code}`
  switch (failure.kind) {
    case 'credentials_rejected':
      return { ...failure, requestId: undefined }
    case 'throttled':
      return { ...failure, code, requestId: undefined }
    case 'unreachable':
      return failed({ code, mayHaveArrived: false, retryAfter: failure.retryAfter })
    default:
      return failure satisfies never
  }
}

/** A failure that may pass. */
export function failed(given: {
  code: string
  mayHaveArrived: boolean
  retryAfter?: number | undefined
  requestId?: string | undefined
}): Failure {
  const { code, mayHaveArrived, retryAfter, requestId } = given
  return { kind: 'failed', code, mayHaveArrived, retryAfter, requestId }
}

const Refusal = z.object({ error: z.object({ code: z.string() }) })

/** The service's own code in the one form that its Web API has, hexadecimal; undefined where it names none. */
function codeOf(body: unknown): string | undefined {
  const code = Refusal.safeParse(body).data?.error.code ?? ''
  if (/^0x[0-9a-f]{1,8}$/i.test(code)) return code.toLowerCase()
  return /^-\d{1,10}$/.test(code) ? `0x${(Number(code) >>> 0).toString(16)}` : undefined
}

function requestIdOf(headers: { get(name: string): string | null }): string | undefined {
  const id = headers.get('x-ms-service-request-id') ?? ''
  return /^[\w-]{1,64}$/.test(id) ? id : undefined
}
