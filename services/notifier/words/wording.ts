import type { Urgency } from '../../../contracts/delivery.ts'

/** What the words of a reminder depend on. Names are single lines; `daysLeft` is 0 on the last valid day, never less. */
export type ReminderFacts = {
  readonly urgency: Urgency
  readonly recipientKind: 'coordinator' | 'fallback'
  readonly recipientName: string | null
  readonly mentor: string
  readonly organisation: string
  /** `YYYY-MM-DD`, the last valid day. */
  readonly expiryDate: string
  readonly daysLeft: number
  readonly copied: boolean
}

/** A reminder in one language, plain text throughout: the templates escape it. */
export type Wording = {
  readonly subject: string
  /** What a mailbox shows after the subject. */
  readonly preview: string
  readonly heading: string
  readonly greeting: string
  readonly paragraphs: readonly string[]
  readonly details: readonly { readonly label: string; readonly value: string }[]
  /** What the link to the mentor's page in the host application says, also to whoever hears it without the rest. */
  readonly openMentor: string
  readonly footer: string
}

/** One language: a reminder, and the notice on a message that was sent to another address than it was meant for. */
export type Language = {
  reminder(facts: ReminderFacts): Wording
  redirected(to: string, copyTo: string | null): string
}
