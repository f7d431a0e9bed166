import { Readable } from 'node:stream'
import type { MailMessage } from 'nodemailer/lib/mailer'

/** What is known about one message while nodemailer hands it over. */
export type Handover = {
  /** Whether a connection was up and the message on its way. */
  hasBegun(): boolean
  /** Whether the dot that ends the body may have been written: from then on the server may have taken the message. */
  bodyMayHaveEnded(): boolean
  /** The error with which the server refused the first recipient, undefined where it did not. */
  refusal(): unknown
  /** The errors with which it refused the others. */
  otherRefusals(): unknown[]
}

export type HandoverWatch = {
  /** The handover of the message whose `raw` this is. */
  of(raw: Buffer): Handover
  /** A nodemailer plugin for the step `stream`. */
  plugin(mail: MailMessage, done: () => void): void
}

type Envelope = { readonly to?: readonly string[]; readonly rejectedErrors?: readonly { recipient?: string }[] }
type Attempt = { body?: Readable; envelope?: Envelope }

/**
 * Watches messages from outside and holds a body back when its first recipient was refused.
 *
 * nodemailer hands a message over when any recipient is accepted. Here the first one is whom the message is for: when the
 * server refuses that one, nobody may get it, or each retry would serve the copy's reader again. nodemailer reads the body
 * only after the reply to DATA and notes the replies to RCPT in the envelope it was given, so the body refuses to be read
 * then: the connection closes without the final dot, and the server has taken nothing.
 *
 * The pool may start a message again on another connection (never after its body was read); the last attempt counts.
 */
export function watchHandovers(): HandoverWatch {
  const attempts = new WeakMap<object, Attempt>()
  return {
    of: (raw) => {
      const attempt: Attempt = {}
      attempts.set(raw, attempt)
      return {
        hasBegun: () => attempt.envelope !== undefined,
        bodyMayHaveEnded: () => attempt.body?.readableEnded === true,
        refusal: () => refusals(attempt)[0],
        otherRefusals: () => refusals(attempt).slice(1).filter(Boolean),
      }
    },
    plugin: (mail, done) => {
      const { raw } = mail.data
      const attempt = typeof raw === 'object' && raw !== null ? attempts.get(raw) : undefined
      const { message } = mail
      if (attempt && message) {
        const envelopeOf = message.getEnvelope.bind(message)
        message.getEnvelope = () => {
          // A copy each time: nodemailer keeps its notes in this object, and a refused sender would outlive the connection.
          const envelope = { ...envelopeOf() }
          attempt.envelope = envelope
          return envelope
        }
        message.processFunc((input) => {
          // Lazy on purpose: a transform would read ahead of the connection, and its state would tell nothing.
          attempt.body = Readable.from(unlessRefused(input, attempt), { objectMode: false })
          return attempt.body
        })
      }
      done()
    },
  }
}

async function* unlessRefused(body: Readable, attempt: Attempt): AsyncGenerator<Buffer> {
  if (refusals(attempt)[0]) throw new Error('the recipient was refused')
  yield* body
}

/** One entry a recipient, in the envelope's order: its error, or undefined where it was accepted. */
function refusals(attempt: Attempt): unknown[] {
  const { to = [], rejectedErrors = [] } = attempt.envelope ?? {}
  return to.map((recipient) => rejectedErrors.find((error) => error.recipient === recipient))
}
