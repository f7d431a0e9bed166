import { type Day, localDay } from './calendar.ts'
import { isInService, isPast, recipientOf, standingDate, today } from './facts.ts'
import { isTrue, reviveMessages } from './messages.ts'
import { isOpen, type Mentor, type Model, makePending, newRow, type Row, supersede } from './state.ts'
import { settleStatus } from './status.ts'

/*
 * The rules of the product once more, in plain words and for few people: what must be so, never how it is found. This
 * shares nothing with the SQL but the documents.
 */

/** Reminders that count for something: a superseded one is as if it had not been written. */
function liveRows(model: Model, mentor: Mentor, expiry: Day): Row[] {
  return reminders(model, mentor, expiry).filter(({ status }) => status !== 'superseded')
}

function reminders(model: Model, mentor: Mentor, expiry: Day | null): Row[] {
  return model.rows.filter((row) => row.mentor === mentor && row.kind === 'reminder' && row.expiry === expiry)
}

/**
 * A threshold that a change brought in does not count for a mentor who was inside its window by then, and about whose
 * expiry date a reminder had been written by then, sent or about to be: nobody is told again because a number changed.
 */
function counts(model: Model, mentor: Mentor, expiry: Day, threshold: number): boolean {
  const introduced = mentor.organisation.inForce.get(threshold)
  if (introduced === undefined) return false
  if (introduced === null) return true
  const wasInside = expiry - localDay(introduced.at, mentor.organisation.timeZone) <= threshold
  const wasReminded = liveRows(model, mentor, expiry).some(
    (row) => row.writtenAt < introduced.step && row.status !== 'failed',
  )
  return !(wasInside && wasReminded)
}

/** The threshold that applies today: the smallest one that is at least the days left. */
function dueThreshold(model: Model, mentor: Mentor): number | null {
  const { organisation } = mentor
  const expiry = standingDate(mentor)
  if (expiry === null || !isInService(mentor)) return null
  const daysLeft = expiry - today(model, organisation)
  if (daysLeft < 0) return null
  const open = [...organisation.inForce.keys()].filter((threshold) => threshold >= daysLeft)
  return open.filter((threshold) => counts(model, mentor, expiry, threshold)).sort((a, b) => a - b)[0] ?? null
}

/**
 * The threshold about which nothing has been written although it applies: this one's row or a tighter one's. A tighter
 * one that was given up after its message may have gone out counts too: no looser one may follow it.
 */
export function uncoveredThreshold(model: Model, mentor: Mentor): number | null {
  const due = dueThreshold(model, mentor)
  if (due === null) return null
  const accounts = (row: Row) =>
    row.status === 'superseded' ? row.threshold < due && row.mayHaveReached : row.threshold <= due
  return reminders(model, mentor, standingDate(mentor)).some(accounts) ? null : due
}

/** Whether what a row says about the mentor is still so; of a reminder: this date, in service, not lapsed. */
function isStillSo(model: Model, row: Row): boolean {
  const { mentor, expiry, kind } = row
  if (kind !== 'reminder') return isTrue(row)
  return standingDate(mentor) === expiry && isInService(mentor) && !isPast(model, mentor, expiry)
}

/** Whether an open row has to give way: it is no longer so, or a tighter one has taken its place. */
export function hasLostItsFacts(model: Model, row: Row): boolean {
  if (!isStillSo(model, row)) return true
  const rivals = liveRows(model, row.mentor, row.expiry).filter(({ threshold }) => threshold < row.threshold)
  return row.kind === 'reminder' && rivals.length > 0
}

/** Whether the row may go out now: its facts hold, and no tighter threshold applies, written about or not yet. */
export function maySend(model: Model, row: Row): boolean {
  if (row.kind !== 'reminder') return isTrue(row)
  const due = dueThreshold(model, row.mentor)
  return !hasLostItsFacts(model, row) && (due === null || due >= row.threshold)
}

/**
 * Brings a mentor to what must be so, the status first: left-overs give way, what is due is written or revived, failed
 * ones are retried.
 */
export function settle(model: Model, mentor: Mentor, { atNight }: { atNight: boolean }): void {
  settleStatus(model, mentor)
  supersedeLeftOvers(model, mentor)
  reviveMessages(model, mentor)
  const uncovered = uncoveredThreshold(model, mentor)
  if (uncovered !== null) write(model, mentor, uncovered)
  supersedeLeftOvers(model, mentor)
  for (const row of model.rows) if (row.mentor === mentor && mayBeTriedAgain(row, atNight)) makePending(row)
}

export function supersedeLeftOvers(model: Model, mentor: Mentor): void {
  for (const row of model.rows) {
    if (row.mentor === mentor && isOpen(row) && hasLostItsFacts(model, row)) supersede(row)
  }
}

function write(model: Model, mentor: Mentor, threshold: number): void {
  const expiry = standingDate(mentor)
  if (expiry === null) return
  const former = reminders(model, mentor, expiry).find((row) => row.threshold === threshold)
  if (former !== undefined) makePending(former)
  else
    model.rows.push(newRow({ mentor, kind: 'reminder', threshold, expiry, writtenAt: model.step }, recipientOf(mentor)))
}

function mayBeTriedAgain(row: Row, atNight: boolean): boolean {
  const recipient = recipientOf(row.mentor)
  if (row.status !== 'failed' || recipient === null) return false
  switch (row.failure) {
    case 'no_recipient':
      return true
    case 'rejected':
      return recipient !== row.recipient
    default:
      return atNight
  }
}
