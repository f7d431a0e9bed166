import type { Day } from './calendar.ts'
import { isHeldBack, isInService, isPast, noteWhoIsSeen, standingDate, today } from './facts.ts'
import { reviveMessages, tell } from './messages.ts'
import type { Mentor, MentorStatus, Model } from './state.ts'

/** The status that the facts ask for. Out of the programme is out; without a date a mentor keeps the status. */
function wantedStatus(model: Model, mentor: Mentor): MentorStatus {
  const { status } = mentor
  const date = standingDate(mentor)
  if (status === 'inactive') return status
  if (isPast(model, mentor, date)) return 'certification_expired'
  if (status === 'active') return status
  if (status === 'certification_expired' && date === null) return status
  return pauseHolds(model, mentor) ? 'paused' : 'active'
}

/** `pausedUntil` is the first day back. A pause without an end holds until a person ends it, also beyond a lapse. */
function pauseHolds(model: Model, { organisation, status, pausedUntil, transitions }: Mentor): boolean {
  if (pausedUntil !== null) return pausedUntil > today(model, organisation)
  return status === 'paused' || transitions.findLast(({ to }) => to === 'certification_expired')?.from === 'paused'
}

/** The mentor's status becomes this one: on record, and told of where that is due. */
function change(model: Model, mentor: Mentor, to: MentorStatus, reason: string): void {
  const from = mentor.status
  mentor.status = to
  if (to === 'active') mentor.pausedUntil = null
  mentor.transitions.push({ from, to, reason, expiry: standingDate(mentor) ?? mentor.note?.admitted ?? null })
  tell(model, mentor)
}

/** Somebody records a status, and the first day back of a pause, by a plain update. */
export function record(model: Model, mentor: Mentor, status: MentorStatus, pausedUntil: Day | null): void {
  mentor.pausedUntil = pausedUntil
  if (mentor.status !== status) change(model, mentor, status, 'updated')
}

/** Makes the status what the facts ask for. */
export function settleStatus(model: Model, mentor: Mentor): void {
  endNote(model, mentor)
  const wanted = wantedStatus(model, mentor)
  if (wanted !== mentor.status) {
    change(model, mentor, wanted, reasonFor(mentor, wanted))
    reviveMessages(model, mentor)
  }
  endNote(model, mentor)
  noteWhoIsSeen(model, [mentor])
}

function reasonFor({ status, note }: Mentor, wanted: MentorStatus): string {
  if (wanted === 'certification_expired') return note === null || isHeldBack(note) ? 'lapsed' : 'date_moved'
  return status === 'paused' ? 'pause_over' : 'renewed'
}

/** A note ends when its date is corrected, when the mentor has left by the date that was held, or a day after it took them out of service. */
function endNote(model: Model, mentor: Mentor): void {
  const { note, expiry } = mentor
  if (note === null) return
  const isCorrected = expiry !== null && !isPast(model, mentor, expiry)
  const hasRunOut = isHeldBack(note) ? isPast(model, mentor, note.admitted) : !isOfLastDay(model, note.at)
  if (isCorrected || (hasRunOut && !isInService(mentor))) mentor.note = null
}

export function isOfLastDay(model: Model, at: number): boolean {
  return at > model.now - 24 * 3_600_000
}

/** What `transition_mentor_status` answers: false where the status is another one, EX003 where the facts forbid it. */
export function transition(
  model: Model,
  mentor: Mentor,
  { expected, to, reason }: { expected: MentorStatus; to: MentorStatus; reason: string },
): boolean | 'EX003' {
  if (mentor.status !== expected) return false
  if (!isAllowed(model, mentor, to)) return 'EX003'
  const { pausedUntil, organisation } = mentor
  if (to === 'paused' && pausedUntil !== null && pausedUntil <= today(model, organisation)) mentor.pausedUntil = null
  change(model, mentor, to, reason)
  return true
}

/** The table of docs/errors.md. */
function isAllowed(model: Model, mentor: Mentor, to: MentorStatus): boolean {
  const date = standingDate(mentor)
  if (mentor.status === to) return false
  switch (to) {
    case 'inactive':
      return true
    case 'certification_expired':
      return isInService(mentor) && isPast(model, mentor, date)
    default:
      return date === null ? mentor.status !== 'certification_expired' : !isPast(model, mentor, date)
  }
}
