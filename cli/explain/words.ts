import type { Facts, Reminder } from './facts.ts'

/** `1 day`, `2 days`. */
export const days = (count: number) => (count === 1 ? '1 day' : `${count} days`)

/** Why a reminder failed or was withdrawn: the codes of docs/errors.md in plain words. */
const reasonWords: Record<string, string> = {
  no_recipient:
    'there was nobody to send it to: no coordinator with an address, and the organisation has no fallback address',
  rejected: 'it was refused for good',
  attempts_exhausted: 'it was put off, or left unanswered, for longer than RETRY_FOR allows',
  renewed: 'the certification was renewed: its date moved on',
  date_moved: 'the date of the certification was moved back',
  lapsed: 'the certification expired before it was sent',
  not_eligible: 'the mentor was no longer active or paused, or had no certification',
  tighter_reminder: 'a more urgent reminder took its place',
}

export function wordsForReason(reason: string | null): string {
  return reason === null ? 'no reason is on record' : (reasonWords[reason] ?? reason)
}

const statusWords: Record<Facts['mentor']['status'], string> = {
  active: 'active: eligible for reminders',
  paused: 'paused: eligible for reminders all the same',
  certification_expired: 'certification_expired: out of service, not eligible for reminders',
  inactive: 'inactive: not eligible for reminders',
}

export function wordsForStatus({ status, pausedUntil }: Facts['mentor']): string {
  return `${statusWords[status]}${status === 'paused' && pausedUntil !== null ? `; back on ${pausedUntil}` : ''}`
}

const sourceWords: Record<Reminder['source'], string> = {
  nightly: 'by the night',
  realtime: 'the moment that something changed',
  manual: 'at a person’s wish',
}

export function wordsForOrigin({ source, runId, createdAt }: Reminder): string {
  return `made on ${createdAt} ${sourceWords[source]}${runId === null ? '' : ` (run ${runId})`}`
}

export const outcomeWords = {
  accepted: 'accepted',
  rejected: 'refused for good',
  failed: 'put off',
  uncertain: 'may or may not have been taken',
} as const

const codeWords: Record<string, string> = {
  outbox: 'written to the outbox',
  timeout: 'no answer before our own deadline',
  aborted: 'the notifier was told to stop',
  bad_address: 'the address is none that a message can be sent to',
  already_lapsed: 'the certification had expired before the message could be made',
  not_lapsed: 'the mentor was in service when the message was to be made',
  channel_error: 'the channel failed in a way that it should not',
  lease_expired: 'the notifier did not come back within its lease',
  dns: 'the host of the webhook was not found',
  tls: 'the encrypted connection to the webhook failed, or its certificate was not believed',
  connection_refused: 'nobody listened where the webhook should be',
  connection_cut: 'the receiver of the webhook hung up without an answer',
  connection_failed: 'there was no way to the receiver of the webhook',
  http_protocol: 'what answered the webhook speaks no HTTP',
  http_malformed: 'the answer to the webhook could not be read; it may have been taken',
  smtp_auth: 'the mail server refused the login',
  smtp_no_auth: 'the mail server offers no such login',
  smtp_tls: 'the encrypted connection failed',
  smtp_starttls: 'the mail server offers no encryption',
  smtp_dns: 'the mail server was not found',
  smtp_timeout: 'the mail server did not answer in time',
  smtp_protocol: 'the mail server answered what is no SMTP, or no TLS',
  smtp_connect: 'the connection to the mail server failed',
}

/** A code of an attempt, with what it means: `smtp_550 (the mail server said no, and will again)`. */
export function wordsForCode(code: string | null): string {
  if (code === null) return 'no code on record'
  const words = codeWords[code] ?? wordsForReply(code)
  return words === undefined ? code : `${code}, ${words}`
}

function wordsForReply(code: string): string | undefined {
  if (/^smtp_250_copy_\d+$/.test(code)) return 'the mail server took it, but refused the reader of the copy'
  if (/^smtp_sender/.test(code)) return 'the mail server refused the sender'
  if (/^smtp_2\d\d$/.test(code)) return 'the mail server took it'
  if (/^smtp_4\d\d$/.test(code)) return 'the mail server asked to try again later'
  if (/^smtp_5\d\d$/.test(code)) return 'the mail server refused it'
  if (/^http_\d{3}$/.test(code)) return wordsForStatusCode(Number(code.slice('http_'.length)))
  if (/^outbox_/.test(code)) return 'the outbox could not be written'
  return undefined
}

const httpWords: Record<number, string> = {
  401: 'the receiver of the webhook did not believe its signature',
  403: 'the receiver of the webhook allows us nothing',
  404: 'there is no webhook at this address',
  405: 'there is no webhook at this address',
  410: 'the receiver of the webhook wants no more of them',
  429: 'the receiver of the webhook asked for a slower pace',
  502: 'the receiver of the webhook could not be reached behind its gateway',
  503: 'the receiver of the webhook was not available',
  504: 'the receiver of the webhook did not answer its gateway in time',
}

/** What a status of HTTP says of a webhook. */
function wordsForStatusCode(status: number): string {
  const words = httpWords[status]
  if (words !== undefined) return words
  if (status < 300) return 'the receiver of the webhook took it'
  if (status < 400) return 'the webhook has moved: put its new address into WEBHOOK_URL'
  return status < 500 ? 'the receiver refused the webhook' : 'the receiver of the webhook failed'
}
