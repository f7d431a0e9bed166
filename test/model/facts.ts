import { type Day, localDay } from './calendar.ts'
import type { Mentor, Model, Organisation } from './state.ts'

export function today(model: Model, organisation: Organisation): Day {
  return localDay(model.now, organisation.timeZone)
}

/** Whom a message about this mentor goes to now. */
export function recipientOf({ coordinator, organisation }: Mentor): string | null {
  return (coordinator?.active ? coordinator.email : null) ?? organisation.fallback
}

/** Reminders are about those in service, and so is the brake. */
export function isInService({ status }: Mentor): boolean {
  return status === 'active' || status === 'paused'
}

/** The date that counts: the one recorded, or the one last admitted while the brake or a person keeps that one off. */
export function standingDate({ note, expiry }: Mentor): Day | null {
  return note !== null && isHeldBack(note) ? note.admitted : expiry
}

export function isHeldBack({ verdict }: { verdict: string }): boolean {
  return verdict === 'undecided' || verdict === 'held' || verdict === 'rejected'
}

/** A certification is valid through its last day. */
export function isPast(model: Model, { organisation }: Mentor, day: Day | null): boolean {
  return day !== null && day < today(model, organisation)
}

/** Whether the website may show the mentor. */
export function isVisible(model: Model, mentor: Mentor): boolean {
  const day = standingDate(mentor)
  return mentor.status === 'active' && day !== null && !isPast(model, mentor, day)
}

/** Remembers for good who may be shown now: nobody is told about a mentor whom nobody could have seen. */
export function noteWhoIsSeen(model: Model, mentors: readonly Mentor[] = model.mentors): void {
  for (const mentor of mentors) mentor.wasVisible ||= isVisible(model, mentor)
}
