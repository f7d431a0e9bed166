import type { Wire } from './exchange.ts'
import { requestToken, type TokenFailure, type TokenSettings } from './token-request.ts'

/** What came of asking for a token. */
type TokenOutcome = { readonly kind: 'token'; readonly token: string } | TokenFailure

/** Tokens for the organisation; one request serves all that wait. */
export type TokenProvider = {
  token(signal: AbortSignal): Promise<TokenOutcome>
  /** The organisation has refused this token. */
  drop(token: string): void
}

type Held = { token: string; renewAt: number; until: number }
type Flight = { outcome: Promise<TokenOutcome>; waiting: number; stop: AbortController }

/** A token is renewed so many milliseconds before it ends. */
const early = 300_000
/** After a renewal that failed for now, the old token serves so long before the next attempt. */
const graceful = 30_000

/** Makes a provider that holds its token in memory alone. `now` is in milliseconds of the epoch. */
export function createTokenProvider(deps: { wire: Wire; now?: () => number }, settings: TokenSettings): TokenProvider {
  const { wire, now = Date.now } = deps
  let held: Held | undefined
  let flight: Flight | undefined

  const renew = async (signal: AbortSignal): Promise<TokenOutcome> => {
    const begun = now()
    const granted = await requestToken({ wire, now }, settings, signal)
    if ('lifetime' in granted) {
      const { token, lifetime } = granted
      held = { token, renewAt: begun + Math.max(lifetime - early, lifetime / 2), until: begun + lifetime }
      return { kind: 'token', token }
    }
    if (granted.kind === 'credentials_rejected' || !held || now() >= held.until) return granted
    held.renewAt = now() + graceful
    return { kind: 'token', token: held.token }
  }

  const board = (): Flight => {
    if (flight && !flight.stop.signal.aborted) return flight
    const stop = new AbortController()
    const own: Flight = {
      waiting: 0,
      stop,
      outcome: renew(stop.signal).finally(() => {
        if (flight === own) flight = undefined
      }),
    }
    flight = own
    return own
  }

  return {
    token: async (signal) => {
      if (held && now() < held.renewAt) return { kind: 'token', token: held.token }
      const own = board()
      own.waiting += 1
      const outcome = await unlessAborted(own.outcome, signal)
      own.waiting -= 1
      if (own.waiting === 0) own.stop.abort()
      return outcome ?? { kind: 'unreachable', code: 'aborted', retryAfter: undefined }
    },
    drop: (token) => {
      if (held?.token === token) held = undefined
    },
  }
}

/** What the work resolves with, or undefined once the signal aborts. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return undefined
  const done = new AbortController()
  const aborted = new Promise<undefined>((resolve) =>
    signal.addEventListener('abort', () => resolve(undefined), { once: true, signal: done.signal }),
  )
  return await Promise.race([work, aborted]).finally(() => done.abort())
}
