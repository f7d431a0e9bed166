import type { Facts, Next, Reminder } from './facts.ts'

/** What will happen with each message about service and each reminder that comes, and when; or why no reminder comes. */
export function wordsForNext(facts: Facts): string[] {
  return facts.next.map((next) => {
    const row = facts.reminders.find(({ id }) => id === next.reminderId)
    return sentence(facts, next, row)
  })
}

const messageWords = {
  lapsed: 'the message that the mentor is out of service',
  restored: 'the message that the certification is valid again',
} as const

function sentence(facts: Facts, next: Next, row: Reminder | undefined): string {
  const { mentor, standing } = facts
  const it = next.kind === 'reminder' ? `the ${next.thresholdDay}-day reminder` : messageWords[next.kind]
  const to = next.recipient === null ? 'nobody' : next.recipient
  const noted = mentor.isNoted ? '; a running listener looks again within seconds, since somebody held the mentor' : ''
  switch (next.outcome) {
    case 'pending':
      if (row?.pausedUntil && row.waitsForHours)
        return `${it} to ${to} goes out when the sending hours begin, ${row.pausedUntil}`
      return row?.pausedUntil
        ? `${it} to ${to} is tried again after ${row.pausedUntil}`
        : `${it} to ${to} is queued as soon as a listener runs and the queue has room`
    case 'queued':
      return `${it} to ${to} is in the queue; a running notifier sends it`
    case 'sending':
      return `${it} to ${to} is being sent; if the notifier does not report back by ${row?.leaseUntil}, a listener takes it back and it is sent again`
    case 'due':
      return `${it} to ${to} is made${next.reminderId === null ? '' : ' pending again'} by the night of ${next.dueOn}${noted}`
    case 'retry':
      return `${it} to ${to} is tried again by ${next.dueOn === null ? 'the next night' : `the night of ${next.dueOn}`}; \`mentor-expiry retry ${next.reminderId}\` does it at once`
    case 'upcoming':
      return `${it} to ${to} is made by the night of ${next.dueOn}, when its days begin`
    case 'made':
    case 'made_again':
      return `${it} is made${next.outcome === 'made' ? '' : ' pending again'} when the mentor leaves service, and goes to ${to} on ${next.dueOn}${next.dueFrom === null ? '' : `, from ${next.dueFrom}, when the sending hours begin`}`
    case 'never_seen':
      return 'nobody is told when the mentor leaves service: the mentor cannot have been seen on the website before'
    case 'made_before':
      return `${it} is not made again: there was one about this date`
    case 'no_recipient':
      return next.reminderId === null
        ? `${it} would fail on ${next.dueOn}: give the mentor a coordinator with an address, or the organisation a fallback_email`
        : `${it} goes out by itself as soon as the mentor has a coordinator with an address, or the organisation a fallback_email`
    case 'failed':
      return `${next.kind === 'reminder' ? 'no more reminders about this date: ' : ''}${it} was refused for ${to}. It is tried again when the recipient changes, or by \`mentor-expiry retry ${next.reminderId}\``
    case 'not_eligible':
      return `no reminder, as long as the mentor is ${mentor.status}`
    case 'no_certification':
      return 'no reminder: no certification is on record, so nobody is reminded; enter its expiry date'
    case 'lapsed':
      return standing.daysLeft !== null && standing.daysLeft < 0
        ? `no reminder: the certification expired on ${standing.date}; a new date begins a new round of reminders`
        : 'no reminder: the certification expires before anything can be sent'
    case 'reminded':
      return 'no more reminders about this date: all of them have been made; a new date begins a new round'
    case 'no_threshold':
      return 'no reminder: no threshold counts for what is left of this certification'
    default:
      return `${next.outcome}${next.dueOn === null ? '' : ` on ${next.dueOn}`}`
  }
}
