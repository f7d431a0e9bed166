import { createTransport } from 'nodemailer'
import type { ChannelAnswer, Delivery } from '../../../contracts/delivery.ts'
import { type Deadline, startDeadline } from '../../../runtime/channels/deadline.ts'
import { answerForFailure, smtpFailure } from '../../../runtime/channels/smtp-answer.ts'
import { probeSmtp } from '../../../runtime/channels/smtp-probe.ts'
import type { SmtpServer } from '../../../runtime/mail-url.ts'
import type { Channel } from './channel.ts'
import { type Composer, composeMessage, encodeMessage, type Message } from './compose-message.ts'
import { type Handover, watchHandovers } from './smtp-handover.ts'

export type SmtpChannelOptions = {
  /** At least the worker's concurrency, so that no message waits for a connection. */
  readonly maxConnections: number
  /** Messages that one connection carries before it is replaced. */
  readonly maxMessages?: number
  /** Hard deadline of one delivery, milliseconds, waiting for a connection included. */
  readonly deadline?: number
  /** Hard deadline of one probe, milliseconds. */
  readonly probeDeadline?: number
}

/**
 * E-mail over a pool of SMTP connections. Codes of its answers: `smtp_250` or whatever the server said of To or DATA;
 * `smtp_250_copy_550` when the message was taken but not for the reader of the copy; those of `channelCode`, `timeout`
 * (the deadline) and `aborted` otherwise; those of `composeMessage` for what can't be sent at all.
 *
 * The copy travels in the same transaction, so it costs nothing and can't be lost or repeated on its own. It goes out only
 * with the message itself; a refused copy does not hold the message up (see `watchHandovers`).
 */
export function createSmtpChannel(
  deps: { server: SmtpServer; composer: Composer },
  options: SmtpChannelOptions,
): Channel {
  const { maxConnections, maxMessages = 100, deadline = 60_000, probeDeadline = Math.min(10_000, deadline) } = options
  // A message that is cut off is judged by a probe, within the same deadline.
  const judging = Math.min(10_000, deadline / 5)
  const limit = deadline - judging
  const setUpLimit = Math.min(limit, 20_000)
  const watch = watchHandovers()
  const transport = createTransport({
    ...deps.server,
    pool: true,
    maxConnections,
    maxMessages,
    // Reminders come in bursts. A connection that a server or a firewall between has dropped in silence costs a message its
    // deadline, a new one costs a few packets.
    idleTimeout: 20_000,
    // Only for a message whose body was not read, on a connection that the server closed meanwhile.
    maxRequeues: 2,
    connectionTimeout: setUpLimit,
    greetingTimeout: setUpLimit,
    socketTimeout: limit,
    // Without AUTH on offer nodemailer would go on without signing in, and the server would refuse each recipient in turn.
    forceAuth: true,
  })
  transport.use('stream', watch.plugin)
  const underWay = new Set<Promise<unknown>>()

  const handOver = async (message: Message, deadline: Deadline): Promise<ChannelAnswer> => {
    const raw = await encodeMessage(message, new Date())
    const handover = watch.of(raw)
    const to = message.copyTo === undefined ? [message.to.address] : [message.to.address, message.copyTo]
    try {
      const envelope = { from: message.from.address, to }
      const info = await transport.sendMail({ raw, envelope, signal: deadline.signal })
      return { kind: 'accepted', code: acceptedCode(info.response, handover), messageId: message.messageId }
    } catch (error) {
      return answerOf(error, handover, deadline)
    }
  }

  return {
    name: 'email',
    deliver: async (delivery: Delivery, signal) => {
      const composed = composeMessage(deps.composer, delivery)
      if (composed.kind === 'refused') return { kind: 'rejected', code: composed.code }
      using deadline = startDeadline(limit, signal)
      const answer = handOver(composed.message, deadline)
      underWay.add(answer)
      try {
        const given = await answer
        if (given.kind !== 'out_of_order' || !silentFailures.has(given.code)) return given
        // A server that hangs up, or hangs, on one recipient would close the gate for all others each time that this one
        // is tried. Where it takes a connection all the same, it is this message that it does not take.
        const fault = await probeSmtp(deps.server, judging, signal)
        return fault === undefined ? { kind: 'failed', code: given.code, doubtful: true } : given
      } finally {
        underWay.delete(answer)
      }
    },
    probe: (signal) => probeSmtp(deps.server, probeDeadline, signal),
    [Symbol.asyncDispose]: async () => {
      transport.close()
      // Each has a deadline of its own; a connection in the middle of a message finishes it first.
      await Promise.allSettled(underWay)
    },
  }
}

/** Failures without a reply that one message alone may cause. */
const silentFailures = new Set(['timeout', 'smtp_cut'])

function answerOf(error: unknown, handover: Handover, deadline: Deadline): ChannelAnswer {
  const failure = smtpFailure(error)
  // Where To and the copy were refused differently, the error speaks of whichever may be tried again; `API` is the body that
  // was held back. A refused sender or a lost connection is about neither, whatever was said of the recipients then.
  const refusal = ['RCPT TO', 'DATA', 'API'].includes(failure.command) ? handover.refusal() : undefined
  if (refusal) return answerForFailure(smtpFailure(refusal), false)
  const bodyMayHaveEnded = handover.bodyMayHaveEnded()
  const cause = deadline.cause()
  if (cause && failure.code === 'EABORT') return { kind: bodyMayHaveEnded ? 'uncertain' : 'out_of_order', code: cause }
  const answer = answerForFailure(failure, bodyMayHaveEnded)
  return answer.code === 'smtp_connect' && handover.hasBegun() ? { ...answer, code: 'smtp_cut' } : answer
}

function acceptedCode(response: string, handover: Handover): string {
  const taken = `smtp_${/^\d{3}/.exec(response)?.[0] ?? '250'}`
  const [copy] = handover.otherRefusals()
  return copy ? `${taken}_copy_${smtpFailure(copy).reply ?? 'refused'}` : taken
}
