import type { Urgency } from '../../../contracts/delivery.ts'

/** What the words of every message depend on. Names are single lines. */
export type MessageFacts = {
  readonly recipientKind: 'coordinator' | 'fallback'
  readonly recipientName: string | null
  readonly mentor: string
  readonly organisation: string
  /** `YYYY-MM-DD`, the last valid day. */
  readonly expiryDate: string
  readonly copied: boolean
}

/** Those of a reminder; `daysLeft` is 0 on the last valid day, never less. */
export type ReminderFacts = MessageFacts & {
  readonly urgency: Urgency
  readonly daysLeft: number
  readonly isPaused: boolean
}

/** Those of a message about who has left service: `since` is the first day out. */
export type LapsedFacts = MessageFacts & { readonly since: string }

/** Those of a message about whose certification is valid again: back in service since a day, or paused all the same. */
type RestoredFacts = MessageFacts &
  (
    | { readonly status: 'active'; readonly since: string }
    | { readonly status: 'paused'; readonly pausedUntil: string | null }
  )

/** A message in one language, plain text throughout: the templates escape it. */
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

/**
 * One language: each kind of message, and the notice on a message that was sent to another address than it was meant for. Of
 * the website they say what must not or may be shown there: that is true of who is not published as well, and while it lags.
 */
export type Language = {
  reminder(facts: ReminderFacts): Wording
  lapsed(facts: LapsedFacts): Wording
  restored(facts: RestoredFacts): Wording
  redirected(to: string, copyTo: string | null): string
}
