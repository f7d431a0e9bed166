import type { Attempt, Facts, Reminder } from './facts.ts'
import { wordsForNext } from './next.ts'
import { isHeld, serviceMessages, transitionLines, wordsForBrake, wordsForService, wordsForWebsite } from './service.ts'
import { accountForThresholds, otherReminders, type ThresholdAccount } from './thresholds.ts'
import { websiteLines } from './website.ts'
import { days, outcomeWords, wordsForCode, wordsForOrigin, wordsForReason, wordsForStatus } from './words.ts'

/** The whole account as text, some twenty lines. Names people: for standard output only. */
export function describe(facts: Facts): string {
  const { organisation, mentor } = facts
  const others = otherReminders(facts).filter(({ kind }) => kind === 'reminder')
  const brake = wordsForBrake(facts)
  const transitions = transitionLines(facts)
  const website = websiteLines(facts)
  const parts = [
    [
      `${mentor.name} (${mentor.ref}) of ${organisation.name} (${organisation.slug})`,
      `Dates and times are those of ${zone(organisation)}, where today is ${organisation.today}.`,
    ],
    [
      `Status         ${wordsForStatus(mentor)}`,
      `Website        ${wordsForWebsite(facts)}`,
      `Recipient      ${recipient(facts)}`,
      ...(organisation.sendingHours === null
        ? []
        : [`Sending hours  ${organisation.sendingHours}, for what the night finds`]),
      ...certification(facts).map((line, index) => `${(index === 0 ? 'Certification' : '').padEnd(15)}${line}`),
      ...(brake === undefined ? [] : [`Brake          ${brake}`]),
    ],
    ...(website.length === 0 ? [] : [['On the website', ...website.map((words) => `  ${words}`)]]),
    ...(transitions.length === 0 ? [] : [['Changes of status', ...transitions]]),
    ...messages(facts),
    ...thresholds(accountForThresholds(facts), facts),
    ...(others.length === 0 ? [] : [['Other reminders', ...others.flatMap(otherReminder)]]),
    ['What comes next', ...[...wordsForService(facts), ...wordsForNext(facts)].map((words) => `  ${words}`)],
  ]
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function zone({ timeZone, unknownZone }: Facts['organisation']): string {
  return unknownZone === null ? timeZone : `${timeZone} (the server does not know ${unknownZone})`
}

function recipient({ coordinator, organisation }: Facts): string {
  if (coordinator?.active && coordinator.email !== null)
    return `${coordinator.name} <${coordinator.email}>, the coordinator`
  const why =
    coordinator === null
      ? 'there is no coordinator'
      : `the coordinator, ${coordinator.name}, ${coordinator.active ? 'has no address' : 'is not active'}`
  return organisation.fallbackEmail === null
    ? `nobody: ${why}, and the organisation has no fallback_email`
    : `${organisation.fallbackEmail}, the organisation's fallback: ${why}`
}

function certification(facts: Facts): string[] {
  const { certification, history, standing } = facts
  const changes = history.map(({ at, from, to, actor }) =>
    from === to
      ? `${at}  taken over with the date ${to}, by ${actor}`
      : `${at}  moved from ${from} to ${to}, by ${actor}`,
  )
  const recorded = certification === null ? 'it was taken away, which' : `${certification.expiryDate} is recorded, and`
  const held = isHeld(facts) ? `; ${recorded} does not count: see Brake` : ''
  const stands = standing.date === null ? 'none on record' : validity(standing.date, standing.daysLeft ?? 0)
  if (certification === null) return [`${stands}${held}`, ...changes]
  const { expiryDate, recordedAt } = certification
  const first = history[0]?.from ?? expiryDate
  return [`${stands}${held}`, `${recordedAt}  entered with the date ${first}`, ...changes]
}

function validity(date: string, daysLeft: number): string {
  return `valid through ${date}: ${daysLeft < 0 ? `expired ${days(-daysLeft)} ago` : `${days(daysLeft)} left`}`
}

function thresholds(accounts: ThresholdAccount[], facts: Facts): string[][] {
  const { standing, thresholds: counting } = facts
  if (standing.date === null) return []
  if (counting.length === 0) return [['No threshold counts for this organisation.']]
  const lines = accounts.flatMap(({ thresholdDay, urgency, from, until, introducedOn, reminder, why }) => [
    `  ${days(thresholdDay)} before (${urgency}): from ${from} to ${until}${introducedOn === null ? '' : `; counts since ${introducedOn}`}`,
    ...(reminder === null ? [`    ${why}`] : describeReminder(reminder)),
  ])
  return [[`Reminders about ${standing.date}${isHeld(facts) ? ', the date last admitted' : ''}`, ...lines]]
}

function messages(facts: Facts): string[][] {
  const { rows, why } = serviceMessages(facts)
  const what = { lapsed: 'out of service, expired', restored: 'valid again until', reminder: '' }
  const lines = rows.flatMap((row) => [`  ${what[row.kind]} ${row.expiryDate} (${row.kind})`, ...describeReminder(row)])
  if (rows.length === 0 && why === undefined) return []
  return [['Messages about service', ...lines, ...(why === undefined ? [] : [`  ${why}`])]]
}

function otherReminder(row: Reminder): string[] {
  return [`  ${days(row.thresholdDay)} before ${row.expiryDate} (${row.urgency})`, ...describeReminder(row)]
}

function describeReminder(row: Reminder): string[] {
  const retried = row.retriedBy === null ? [] : [`    tried again at the wish of ${row.retriedBy}`]
  return [`    ${row.id}: ${state(row)}`, `    ${wordsForOrigin(row)}`, ...row.attempts.map(attempt), ...retried]
}

function state(row: Reminder): string {
  const to = row.recipient ?? 'the recipient'
  switch (row.status) {
    case 'pending': {
      const after = row.lastError === null ? '' : ` (${row.lastError.split(' ').map(channelError).join('; ')})`
      if (row.pausedUntil === null) return `pending, to be queued${after}`
      return row.waitsForHours
        ? `pending until ${row.pausedUntil}, when the sending hours begin${after}`
        : `pending, pausing until ${row.pausedUntil}${after}`
    }
    case 'queued':
      return `queued since ${row.queuedAt}`
    case 'sending':
      return `being sent to ${to} since ${row.claimedAt}`
    case 'sent':
      return `sent to ${whoGotIt(row) ?? to} on ${row.sentAt}`
    case 'failed':
      return `failed (${row.reason}): ${wordsForReason(row.reason)}${row.reason === 'no_recipient' ? '' : `; it was for ${to}`}`
    case 'superseded':
      return `withdrawn (${row.reason}): ${wordsForReason(row.reason)}`
    default:
      return row.status satisfies never
  }
}

/** `email:smtp_451` of last_error, or a bare code. */
function channelError(text: string): string {
  return wordsForCode(text.slice(text.indexOf(':') + 1))
}

/** Those whom a channel has taken it for: several where the recipient changed between two channels. */
function whoGotIt({ attempts }: Reminder): string | undefined {
  const recipients = attempts.flatMap(({ outcome, recipient }) =>
    outcome === 'accepted' && recipient !== null ? [recipient] : [],
  )
  return recipients.length === 0 ? undefined : [...new Set(recipients)].join(' and ')
}

function attempt({ attempt: number, channel, outcome, code, at, recipientKind, recipient }: Attempt): string {
  const kind = recipientKind === null ? '' : `, the ${recipientKind}`
  const to = recipient === null ? '' : `, to ${recipient}${kind}`
  return `    attempt ${number}, ${channel}, ${at}${to}: ${outcomeWords[outcome]} (${wordsForCode(code)})`
}
