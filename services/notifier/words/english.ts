import { dateInWords, dayAfter } from './dates.ts'
import type { Language, ReminderFacts, Wording } from './wording.ts'

const tag = 'en-GB'

/** British English. */
export const english: Language = {
  reminder: (facts) => {
    const byUrgency = { notice, warning, urgent }[facts.urgency](facts)
    return {
      ...byUrgency,
      greeting: greeting(facts),
      paragraphs: [...noCoordinator(facts), ...byUrgency.paragraphs],
      details: [
        { label: 'Peer mentor', value: facts.mentor },
        { label: 'Last valid day', value: dateInWords(tag, facts.expiryDate, 'full') },
        { label: 'Days left', value: facts.daysLeft === 0 ? 'none, today is the last' : String(facts.daysLeft) },
        { label: 'Organisation', value: facts.organisation },
      ],
      openMentor: `Open ${facts.mentor} in the system of ${facts.organisation}`,
      footer: footer(facts),
    }
  },
  redirected: (to, copyTo) =>
    `This message was redirected. It was meant for ${to}${copyTo ? `, with a copy to ${copyTo}` : ''}.`,
}

type ByUrgency = Pick<Wording, 'subject' | 'preview' | 'heading' | 'paragraphs'>

function notice(facts: ReminderFacts): ByUrgency {
  return {
    subject: `Reminder: the certification of ${facts.mentor} expires on ${dateInWords(tag, facts.expiryDate, 'long')}`,
    preview: 'It is not urgent yet, but a good time to plan the renewal.',
    heading: 'A certification to renew',
    paragraphs: [
      `The certification of peer mentor ${facts.mentor} expires ${countdown(facts.daysLeft)}. ${lastDay(facts)}`,
      `It is not urgent yet. If you agree on the renewal now, ${facts.mentor} can carry on without a break.`,
    ],
  }
}

function warning(facts: ReminderFacts): ByUrgency {
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

function urgent(facts: ReminderFacts): ByUrgency {
  const firstDayOut = dateInWords(tag, dayAfter(facts.expiryDate), 'full')
  return {
    subject: `Urgent: the certification of ${facts.mentor} expires ${countdown(facts.daysLeft)} (${dateInWords(tag, facts.expiryDate, 'long')})`,
    preview: `Without a renewal, ${facts.mentor} is out of service from ${firstDayOut}.`,
    heading: `Urgent: the certification expires ${countdown(facts.daysLeft)}`,
    paragraphs: [
      `The certification of peer mentor ${facts.mentor} expires ${countdown(facts.daysLeft)}. ${lastDay(facts)}`,
      `If it is not renewed by then, ${facts.mentor} leaves service and the website on ${firstDayOut}, and returns once a renewal is recorded.`,
      'Please see to the renewal now. If it is already done, only the new date remains to be recorded.',
    ],
  }
}

function lastDay(facts: ReminderFacts): string {
  return `The last valid day is ${dateInWords(tag, facts.expiryDate, 'full')}.`
}

function countdown(daysLeft: number): string {
  if (daysLeft === 0) return 'today'
  if (daysLeft === 1) return 'tomorrow'
  return `in ${daysLeft} days`
}

function greeting(facts: ReminderFacts): string {
  return facts.recipientKind === 'coordinator' && facts.recipientName ? `Hello ${facts.recipientName},` : 'Hello,'
}

function noCoordinator(facts: ReminderFacts): string[] {
  if (facts.recipientKind === 'coordinator') return []
  return ['This mentor has no reachable coordinator; please assign one. Until then, reminders come to this address.']
}

function footer(facts: ReminderFacts): string {
  const recipient =
    facts.recipientKind === 'coordinator'
      ? `the mentor’s coordinator at ${facts.organisation}`
      : `the fallback address of ${facts.organisation}`
  const copy = facts.copied ? ', with a copy to the organisation’s escalation address' : ''
  return `This message was sent automatically to ${recipient}${copy}.`
}
