import type { ChannelAnswer } from '../../contracts/delivery.ts'

/** What of a failure decides about the answer. Texts of replies stay behind: they may name people. */
export type SmtpFailure = {
  /** nodemailer's own code, `EAUTH` for example. */
  readonly code: string
  /** The code of Node.js below it, `ECONNREFUSED` for example. */
  readonly systemCode: string
  /** The command that the reply answers, `CONN` where it answers none. */
  readonly command: string
  /** The three digits of the server's reply, undefined where there was none. */
  readonly reply: number | undefined
}

// 503 says that a command came out of sequence, 530 and 538 that AUTH or TLS must come first. Servers that put their refusal
// of a client off until RCPT answer every recipient so, and a whole night would be recorded as rejected.
const sessionReplies = new Set([503, 530, 538])

// To AUTH: the command is not known, out of place or not with this mechanism, and not before TLS. No password was looked at.
const noAuthReplies = new Set([500, 502, 503, 504, 530, 538])

/** Reads what nodemailer threw; an error of another making has empty codes. */
export function smtpFailure(error: unknown): SmtpFailure {
  const field = (name: string) => (error instanceof Error && name in error ? Reflect.get(error, name) : undefined)
  const text = (name: string) => {
    const value: unknown = field(name)
    return typeof value === 'string' ? value : ''
  }
  const reply: unknown = field('responseCode')
  return {
    code: text('code'),
    systemCode: text('originalCode'),
    command: text('command'),
    reply: typeof reply === 'number' && reply >= 200 ? reply : undefined,
  }
}

/**
 * Channel or message. A reply to this message's own RCPT TO or DATA is about the message: 5xx `rejected`, 4xx `failed`.
 * All else is the channel's, and so are 421 and the few replies that speak of the session: `out_of_order`. But once the dot that ends the body may
 * have left, only a reply can tell whether the message was taken: without one it is `uncertain`.
 */
export function answerForFailure(failure: SmtpFailure, bodyMayHaveEnded: boolean): ChannelAnswer {
  const { command, reply } = failure
  const aboutMessage = command === 'RCPT TO' || command === 'DATA'
  if (aboutMessage && reply !== undefined && reply >= 400) {
    if (reply === 421 || sessionReplies.has(reply)) return { kind: 'out_of_order', code: `smtp_${reply}` }
    return { kind: reply >= 500 ? 'rejected' : 'failed', code: `smtp_${reply}` }
  }
  return { kind: bodyMayHaveEnded ? 'uncertain' : 'out_of_order', code: channelCode(failure) }
}

/** A short code for what is wrong with the channel. */
export function channelCode({ code, systemCode, command, reply }: SmtpFailure): string {
  if (reply === 421) return 'smtp_421'
  if (command === 'MAIL FROM') return reply === undefined ? 'smtp_sender' : `smtp_sender_${reply}`
  if (/^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/.test(systemCode)) return 'smtp_protocol'
  if (/CERT|TLS|SSL|ALTNAME|SELF_SIGNED|ISSUER/.test(systemCode)) return 'smtp_tls'
  switch (code) {
    case 'EAUTH':
    case 'ENOAUTH':
      return reply !== undefined && noAuthReplies.has(reply) ? 'smtp_no_auth' : 'smtp_auth'
    case 'ETLS':
      return command === 'STARTTLS' && reply !== undefined ? 'smtp_starttls' : 'smtp_tls'
    case 'EDNS':
      return 'smtp_dns'
    case 'ETIMEDOUT':
      return 'smtp_timeout'
    case 'EPROTOCOL':
      return 'smtp_protocol'
    default:
      return 'smtp_connect'
  }
}
