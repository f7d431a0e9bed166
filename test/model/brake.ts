import type { Day } from './calendar.ts'
import { isHeldBack, isInService, isPast } from './facts.ts'
import type { Mentor, Model, Organisation } from './state.ts'
import { isOfLastDay } from './status.ts'

/*
 * The brake: what a change of data takes out of service is held where it concerns too many within a day.
 */

/** One statement has changed these dates, or taken them away. Settle the mentors afterwards. */
export function judge(model: Model, changed: readonly { mentor: Mentor; former: Day | null }[]): void {
  for (const { mentor, former } of changed) note(model, mentor, former)
  for (const organisation of model.organisations) {
    const verdict = concerned(model, organisation) > limit(model, organisation) ? 'held' : 'admitted'
    for (const { note } of changed
      .map(({ mentor }) => mentor)
      .filter((mentor) => mentor.organisation === organisation)) {
      if (note?.verdict === 'undecided') note.verdict = verdict
    }
  }
}

/** A date that was past already, or never there, has run out by the calendar. What is held keeps the date admitted first. */
function note(model: Model, mentor: Mentor, former: Day | null): void {
  const isBackdated = mentor.expiry === null || isPast(model, mentor, mentor.expiry)
  if (former === null || isPast(model, mentor, former) || !isBackdated || !isInService(mentor)) return
  const isSettled = mentor.note === null || mentor.note.verdict === 'admitted' || mentor.note.verdict === 'approved'
  if (isSettled) mentor.note = { admitted: former, verdict: 'undecided', at: model.now }
}

/** Of the last day; what a person has approved does not count. */
function concerned(model: Model, organisation: Organisation): number {
  return model.mentors.filter(
    ({ note, organisation: own }) =>
      own === organisation && note !== null && note.verdict !== 'approved' && isOfLastDay(model, note.at),
  ).length
}

/** The larger of a number and a share of those in service, among them whom the last day's changes have taken out of it. */
function limit(model: Model, organisation: Organisation): number {
  const inService = model.mentors.filter(
    (mentor) => mentor.organisation === organisation && (isInService(mentor) || hasJustLeft(model, mentor)),
  )
  return Math.max(organisation.brake.mentors, organisation.brake.share * inService.length)
}

function hasJustLeft(model: Model, { status, note }: Mentor): boolean {
  return status === 'certification_expired' && note?.verdict === 'admitted' && isOfLastDay(model, note.at)
}

/** Whose recorded date has no effect. */
export function heldBack(model: Model, organisation: Organisation): Mentor[] {
  return model.mentors.filter(
    ({ note, organisation: own }) => own === organisation && note !== null && isHeldBack(note),
  )
}
