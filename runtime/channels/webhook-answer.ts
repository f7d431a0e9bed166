import type { ChannelAnswer } from '../../contracts/delivery.ts'
import type { Exchange } from './webhook-exchange.ts'

/**
 * What an exchange says about the message. `ask`: the trouble may be the channel's or this message's, and a probe tells
 * which; `hasLeft` where the receiver may have taken the message all the same.
 */
export type Verdict =
  | { readonly kind: 'answer'; readonly answer: ChannelAnswer }
  | { readonly kind: 'ask'; readonly code: string; readonly hasLeft: boolean }

// Said of what the body holds.
const refused = new Set([400, 413, 422])
// Said of this moment. A receiver that limits the rate works; it is its pace that must be met, message by message.
const putOff = new Set([408, 409, 423, 425, 429])
// Said of how we speak to it, the same for every message.
const unspoken = new Set([501, 505, 511])
// Said by what stands before the receiver, and has not reached it.
const unreached = new Set([502, 503, 521, 522, 523, 525, 526, 530])
// Said by what stands before the receiver, and has waited in vain for its answer.
const unanswered = new Set([504, 520, 524])

/** Judges what came of sending the webhook of this id. */
export function judge(exchange: Exchange, id: string): Verdict {
  if (exchange.kind === 'silent') return judgeSilence(exchange.code, exchange.hasLeft)
  const { status, retryAfter } = exchange
  const code = `http_${status}`
  const answer = (kind: 'rejected' | 'out_of_order'): Verdict => ({ kind: 'answer', answer: { kind, code } })
  if (status >= 200 && status < 300) return { kind: 'answer', answer: { kind: 'accepted', code, messageId: id } }
  if (refused.has(status)) return answer('rejected')
  if (unreached.has(status) || unanswered.has(status)) return { kind: 'ask', code, hasLeft: unanswered.has(status) }
  if (putOff.has(status) || (status >= 500 && !unspoken.has(status))) {
    const pause = retryAfter === undefined ? {} : { retryAfter }
    return { kind: 'answer', answer: { kind: 'failed', code, ...pause, doubtful: true } }
  }
  // Moved, gone, not found, not allowed: the configuration's fault here or there, and no message would fare better.
  return answer('out_of_order')
}

/** What a probe found: undefined when anybody answered but to say that the receiver can't be reached, else a code. */
export function faultOf(exchange: Exchange): string | undefined {
  if (exchange.kind === 'silent') return exchange.code
  const { status } = exchange
  // No other status counts: a receiver may refuse the method, or a request without a signature, for ever.
  return unreached.has(status) || unanswered.has(status) ? `http_${status}` : undefined
}

function judgeSilence(code: string, hasLeft: boolean): Verdict {
  // Without a connection there was no message; and whoever answers what is no HTTP has understood none.
  if (!hasLeft || code === 'http_protocol') return { kind: 'answer', answer: { kind: 'out_of_order', code } }
  if (code === 'aborted') return { kind: 'answer', answer: { kind: 'uncertain', code } }
  return { kind: 'ask', code, hasLeft }
}

/** The answer where the channel had to be asked; `fault` is what the probe found. */
export function answerAfterProbe(
  { code, hasLeft }: { code: string; hasLeft: boolean },
  fault: string | undefined,
): ChannelAnswer {
  if (hasLeft) return { kind: 'uncertain', code, ...(fault === undefined ? { doubtful: true } : { outOfOrder: true }) }
  return fault === undefined ? { kind: 'failed', code, doubtful: true } : { kind: 'out_of_order', code }
}
