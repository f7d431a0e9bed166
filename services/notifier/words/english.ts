import { dateInWords, dayAfter } from './dates.ts'
import type { Language, LapsedFacts, MessageFacts, ReminderFacts, Wording } from './wording.ts'

const tag = 'en-GB'

/** British English. */
export const english: Language = {
  reminder: (facts) => {
    const daysLeft = facts.daysLeft === 0 ? 'none, today is the last' : String(facts.daysLeft)
    return complete(facts, { notice, warning, urgent }[facts.urgency](facts), { label: 'Days left', value: daysLeft })
  },
  lapsed: (facts) => {
    const since = dateInWords(tag, facts.since, 'full')
    return complete(facts, lapsed(facts), { label: 'Out of service since', value: since })
  },
  restored: (facts) => {
    if (facts.status === 'active') {
      const since = dateInWords(tag, facts.since, 'full')
      return complete(facts, restored(facts), { label: 'Back in service since', value: since })
    }
    const until = facts.pausedUntil === null ? 'not decided' : dateInWords(tag, facts.pausedUntil, 'full')
    return complete(facts, validAgain(facts, facts.pausedUntil), { label: 'First day back', value: until })
  },
  redirected: (to, copyTo) =>
    `This message was redirected. It was meant for ${to}${copyTo ? `, with a copy to ${copyTo}` : ''}.`,
}

type ByKind = Pick<Wording, 'subject' | 'preview' | 'heading' | 'paragraphs'>

/** What every message has besides. */
function complete(facts: MessageFacts, byKind: ByKind, detail: { label: string; value: string }): Wording {
  return {
    ...byKind,
    greeting: greeting(facts),
    paragraphs: [...noCoordinator(facts), ...byKind.paragraphs],
    details: [
      { label: 'Peer mentor', value: facts.mentor },
      { label: 'Last valid day', value: dateInWords(tag, facts.expiryDate, 'full') },
      detail,
      { label: 'Organisation', value: facts.organisation },
    ],
    openMentor: `Open ${facts.mentor} in the system of ${facts.organisation}`,
    footer: footer(facts),
  }
}

function notice(facts: ReminderFacts): ByKind {
  const gain = facts.isPaused
    ? 'it does not stand in the way once the pause is over'
    : `${facts.mentor} can carry on without a break`
  return {
    subject: `Reminder: the certification of ${facts.mentor} expires on ${dateInWords(tag, facts.expiryDate, 'long')}`,
    preview: 'It is not urgent yet, but a good time to plan the renewal.',
    heading: 'A certification to renew',
    paragraphs: [
      `The certification of peer mentor ${facts.mentor} expires ${countdown(facts.daysLeft)}. ${lastDay(facts)}`,
      `It is not urgent yet. If you agree on the renewal now, ${gain}.`,
    ],
  }
}

function warning(facts: ReminderFacts): ByKind {
  return {
    subject: `The certification of ${facts.mentor} expires ${countdown(facts.daysLeft)} (${dateInWords(tag, facts.expiryDate, 'long')})`,
    preview: 'Please arrange the renewal soon.',
    heading: 'Time to arrange the renewal',
    paragraphs: [
      `The certification of peer mentor ${facts.mentor} expires ${countdown(facts.daysLeft)}. ${lastDay(facts)}`,
      `Please arrange the renewal with ${facts.mentor} soon, and record the new date as soon as you have it. These reminders then stop.`,
    ],
  }
}

function urgent(facts: ReminderFacts): ByKind {
  const firstDayOut = dateInWords(tag, dayAfter(facts.expiryDate), 'full')
  const otherwise = facts.isPaused
    ? `${facts.mentor} is paused at present. If the certification is not renewed by then, ${facts.mentor} is out of service from ${firstDayOut}, also when the pause is over, until a renewal is recorded.`
    : `If it is not renewed by then, ${facts.mentor} leaves service on ${firstDayOut}, must not be shown on the website from then on, and returns once a renewal is recorded.`
  return {
    subject: `Urgent: the certification of ${facts.mentor} expires ${countdown(facts.daysLeft)} (${dateInWords(tag, facts.expiryDate, 'long')})`,
    preview: `Without a renewal, ${facts.mentor} is out of service from ${firstDayOut}.`,
    heading: `Urgent: the certification expires ${countdown(facts.daysLeft)}`,
    paragraphs: [
      `The certification of peer mentor ${facts.mentor} expires ${countdown(facts.daysLeft)}. ${lastDay(facts)}`,
      otherwise,
      'Please see to the renewal now. If it is already done, only the new date remains to be recorded.',
    ],
  }
}

function lapsed(facts: LapsedFacts): ByKind {
  const { mentor } = facts
  return {
    subject: `Out of service: the certification of ${mentor} expired on ${dateInWords(tag, facts.expiryDate, 'long')}`,
    preview: `${mentor} does not meet people until the certification is renewed.`,
    heading: 'Out of service: the certification has expired',
    paragraphs: [
      `The certification of peer mentor ${mentor} has expired. The last valid day was ${dateInWords(tag, facts.expiryDate, 'full')}, and ${mentor} went out of service on ${dateInWords(tag, facts.since, 'full')}.`,
      `Until it is renewed, ${mentor} does not meet people as a peer mentor and must not be shown on the website. Please let ${mentor} know, and find somebody else for any meeting that is already agreed.`,
      `As soon as it is renewed, record the new date, or do so now if it is renewed already. ${mentor} is then back at once, unless there is a pause that still holds, and you are told so.`,
    ],
  }
}

function restored(facts: MessageFacts & { since: string }): ByKind {
  const { mentor } = facts
  return {
    subject: `Back in service: the certification of ${mentor} is valid until ${dateInWords(tag, facts.expiryDate, 'long')}`,
    preview: `${mentor} can meet people again.`,
    heading: 'Back in service',
    paragraphs: [
      `Good news: the certification of peer mentor ${mentor} is valid again. ${mentor} has been back in service since ${dateInWords(tag, facts.since, 'full')}, can meet people again, and may be shown on the website.`,
      `There is nothing that you need to do. ${lastDay(facts)} Reminders come before then, as usual.`,
    ],
  }
}

function validAgain(facts: MessageFacts, pausedUntil: string | null): ByKind {
  const { mentor } = facts
  const back =
    pausedUntil === null
      ? `The pause has no end yet: ${mentor} is back in service once somebody ends it.`
      : `The first day back is ${dateInWords(tag, pausedUntil, 'full')}; ${mentor} is then in service again without anybody’s doing.`
  return {
    subject: `Still paused: the certification of ${mentor} is valid until ${dateInWords(tag, facts.expiryDate, 'long')}`,
    preview: `The certification is in order again; the pause of ${mentor} goes on.`,
    heading: 'The certification is valid again, the pause goes on',
    paragraphs: [
      `Good news: the certification of peer mentor ${mentor} is valid again. ${lastDay(facts)}`,
      `${mentor} is still paused, and so does not meet people yet and must not be shown on the website. ${back}`,
    ],
  }
}

function lastDay(facts: MessageFacts): string {
  return `The last valid day is ${dateInWords(tag, facts.expiryDate, 'full')}.`
}

function countdown(daysLeft: number): string {
  if (daysLeft === 0) return 'today'
  if (daysLeft === 1) return 'tomorrow'
  return `in ${daysLeft} days`
}

function greeting(facts: MessageFacts): string {
  return facts.recipientKind === 'coordinator' && facts.recipientName ? `Hello ${facts.recipientName},` : 'Hello,'
}

function noCoordinator(facts: MessageFacts): string[] {
  if (facts.recipientKind === 'coordinator') return []
  return [
    'This mentor has no reachable coordinator; please assign one. Until then, messages about the mentor come to this address.',
  ]
}

function footer(facts: MessageFacts): string {
  const recipient =
    facts.recipientKind === 'coordinator'
      ? `the mentor’s coordinator at ${facts.organisation}`
      : `the fallback address of ${facts.organisation}`
  const copy = facts.copied ? ', with a copy to the organisation’s escalation address' : ''
  return `This message was sent automatically to ${recipient}${copy}.`
}
