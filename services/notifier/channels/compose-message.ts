import MailComposer from 'nodemailer/lib/mail-composer'
import type { Delivery, Urgency } from '../../../contracts/delivery.ts'
import { isMailAddress, type Mailbox, plainLine } from '../../../runtime/mailbox.ts'
import { languageOf } from '../words/languages.ts'
import type { Language, MessageFacts, Wording } from '../words/wording.ts'
import { type Telling, tellingOf } from './telling.ts'
import { loadTemplates, type Templates } from './templates.ts'

/** What every message of this installation has in common. `redirectTo` takes every message away from its recipient. */
export type Composer = {
  readonly templates: Templates
  readonly from: Mailbox
  readonly replyTo: Mailbox
  readonly redirectTo: string | undefined
}

/**
 * A message ready for the wire, or the code that says why this delivery can never become one: `bad_address` (not one plain
 * e-mail address), or those of `Telling` (it would say something untrue).
 */
export type Composed =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'refused'; readonly code: string }

/** `copyTo` is the address that gets the copy, undefined without one. `messageId` wears its angle brackets. */
export type Message = {
  readonly messageId: string
  readonly from: Mailbox
  readonly replyTo: Mailbox
  readonly to: Mailbox
  readonly copyTo: string | undefined
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly headers: Readonly<Record<string, string>>
}

const colours: Record<Urgency, string> = { notice: '#2f6fb2', warning: '#c77700', urgent: '#c0262d' }

/** Reads the templates once; see `Composer`. Without `replyTo` answers go to `from`. */
export function createComposer(options: {
  from: Mailbox
  replyTo?: Mailbox | undefined
  redirectTo?: string | undefined
}): Composer {
  const replyTo = options.replyTo ?? { name: '', address: options.from.address }
  return { templates: loadTemplates(), from: options.from, replyTo, redirectTo: options.redirectTo }
}

/**
 * Turns one delivery into its message. The Message-ID is made of the row's key alone:
 * a repeated attempt repeats it, and so does the row of the same key in a database that was restored from a backup.
 */
export function composeMessage(composer: Composer, delivery: Delivery): Composed {
  const { recipient } = delivery
  if (!isMailAddress(recipient.email)) return { kind: 'refused', code: 'bad_address' }
  const telling = tellingOf(delivery)
  if (telling.kind === 'refused') return telling
  const copy = copyAddress(delivery)
  const language = languageOf(recipient.locale)
  const facts = factsOf(delivery, copy !== undefined)
  const words = wordsFor(language, telling, delivery.urgency, facts)
  const redirected = composer.redirectTo === undefined ? null : language.redirected(recipient.email, copy ?? null)
  return {
    kind: 'message',
    message: {
      messageId: `<${delivery.kind}.${delivery.thresholdDay}.${delivery.keyDate}.${delivery.mentorKey}@${domainOf(composer.from)}>`,
      from: composer.from.name ? composer.from : { ...composer.from, name: facts.organisation },
      replyTo: composer.replyTo,
      to: { name: facts.recipientName ?? '', address: composer.redirectTo ?? recipient.email },
      copyTo: composer.redirectTo === undefined ? copy : undefined,
      subject: words.subject,
      ...bodies(composer.templates, words, delivery, redirected),
      headers: headersOf(delivery),
    },
  }
}

/** The message as it goes over the wire or into a file, CRLF lines. `date` becomes its Date header. */
export async function encodeMessage(message: Message, date: Date): Promise<Buffer> {
  const { copyTo, ...rest } = message
  const mail = { ...rest, date, newline: '\r\n', disableFileAccess: true, disableUrlAccess: true }
  return await new MailComposer(copyTo === undefined ? mail : { ...mail, cc: { name: '', address: copyTo } })
    .compile()
    .build()
}

function wordsFor(
  language: Language,
  telling: Exclude<Telling, { kind: 'refused' }>,
  urgency: Urgency,
  facts: MessageFacts,
): Wording {
  switch (telling.kind) {
    case 'reminder':
      return language.reminder({ ...facts, ...telling, urgency })
    case 'lapsed':
      return language.lapsed({ ...facts, since: telling.since })
    case 'restored':
      return language.restored({ ...facts, ...telling })
    default:
      return telling satisfies never
  }
}

function bodies(templates: Templates, words: Wording, delivery: Delivery, redirected: string | null) {
  const page = {
    ...words,
    locale: delivery.recipient.locale,
    colour: colours[delivery.urgency],
    redirected,
    link: delivery.mentor.url,
  }
  return { text: templates.text(page), html: templates.html(page) }
}

function factsOf(delivery: Delivery, copied: boolean): MessageFacts {
  const { recipient, mentor, organisation } = delivery
  return {
    recipientKind: recipient.kind,
    recipientName: recipient.name === null ? null : plainLine(recipient.name) || null,
    mentor: plainLine(mentor.name) || plainLine(mentor.ref),
    organisation: plainLine(organisation.name) || plainLine(organisation.slug),
    expiryDate: delivery.expiryDate,
    copied,
  }
}

function headersOf(delivery: Delivery): Record<string, string> {
  return {
    // RFC 3834: no out-of-office answer to a machine; the second header says the same to Exchange. `Precedence: bulk` and
    // List headers are left out: this is one message to one person, and filters treat bulk mail worse.
    'Auto-Submitted': 'auto-generated',
    'X-Auto-Response-Suppress': 'All',
    'Content-Language': delivery.recipient.locale,
    ...(delivery.urgency === 'urgent' ? { Importance: 'high' } : {}),
  }
}

// An escalation address that is malformed must not cost the coordinator the reminder: the message goes without its copy.
function copyAddress(delivery: Delivery): string | undefined {
  const copy = delivery.escalationEmail
  if (copy === null || !isMailAddress(copy)) return undefined
  return copy.toLowerCase() === delivery.recipient.email.toLowerCase() ? undefined : copy
}

function domainOf(mailbox: Mailbox): string {
  return mailbox.address.slice(mailbox.address.lastIndexOf('@') + 1)
}
