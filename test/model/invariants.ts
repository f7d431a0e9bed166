import { expect } from 'vitest'
import { dateOf } from './calendar.ts'
import { numberOf } from './compare.ts'
import { today } from './facts.ts'
import type { Found, FoundMentor } from './real.ts'
import type { Model, Organisation } from './state.ts'
import { isOfLastDay } from './status.ts'

/*
 * What must hold whatever the model says: read off the product alone, but for the clock and for what a person approved.
 */

const isInService = ({ status }: FoundMentor) => status === 'active' || status === 'paused'

function ofOrganisation({ standing }: Found, { id }: Organisation): FoundMentor[] {
  return standing.filter(({ organisation }) => organisation === id)
}

/** Changes of data may not take more out of service within a day than the brake lets through, unless a person approves. */
export function expectBrake(model: Model, found: Found): void {
  const { seen } = model
  for (const organisation of model.organisations) {
    const day = dateOf(today(model, organisation))
    const isValid = ({ until }: FoundMentor) => until !== null && until >= day
    const mentors = ofOrganisation(found, organisation)
    const lost = mentors.filter((mentor) => {
      const before = seen.mentors.get(mentor.mentor)
      const wasIn = before !== undefined && isInService(before) && isValid(before)
      return wasIn && !isValid(mentor) && mentor.status !== 'inactive' && !seen.approved.has(mentor.mentor)
    })
    for (const mentor of mentors) if (isValid(mentor)) seen.lost.delete(mentor.mentor)
    for (const { mentor } of lost) seen.lost.set(mentor, model.now)
    const lately = mentors.filter(({ mentor }) => isOfLastDay(model, seen.lost.get(mentor) ?? 0)).length
    const inService = mentors.filter(({ mentor }) => {
      const before = seen.mentors.get(mentor)
      return (before !== undefined && isInService(before)) || seen.lost.has(mentor)
    }).length
    const { mentors: number, share } = organisation.brake
    const who = lost.map(({ mentor }) => numberOf(mentor))
    if (who.length > 0) expect(lately, `lost at once: ${who}`).toBeLessThanOrEqual(Math.max(number, share * inService))
  }
  seen.approved.clear()
  seen.mentors = new Map(found.standing.map((mentor) => [mentor.mentor, mentor]))
}

/** Messages about leaving and re-entering service are about those whom the website could have shown. */
export function expectMessagesAboutSeen(model: Model, { rows }: Found): void {
  const seen = new Set(model.mentors.filter(({ wasVisible }) => wasVisible).map(({ id }) => id))
  expect(rows.filter(({ kind, mentor }) => kind !== 'reminder' && !seen.has(mentor))).toEqual([])
}

/**
 * After the night of these organisations nobody is in service, and nothing is held, whose date has run out, and no pause
 * goes on whose end has come.
 */
export function expectNobodyOverdue(model: Model, found: Found, organisations: readonly Organisation[]): void {
  for (const organisation of organisations) {
    const day = dateOf(today(model, organisation))
    const isOver = ({ pausedUntil, status }: FoundMentor) =>
      status === 'paused' && pausedUntil !== null && pausedUntil <= day
    const overdue = ofOrganisation(found, organisation).filter((mentor) => {
      const isHeld = mentor.verdict !== null && mentor.verdict !== 'admitted' && mentor.verdict !== 'approved'
      const hasRunOut = mentor.until !== null && mentor.until < day
      return ((isInService(mentor) || isHeld) && hasRunOut) || isOver(mentor)
    })
    expect(overdue).toEqual([])
  }
}

/** Between two looks a night has passed: each mentor's status has changed once at most. */
export function expectOneChangeEach(before: Found['standing'], after: Found['standing']): void {
  const former = new Map(before.map(({ mentor, transitions }) => [mentor, transitions.length]))
  const twice = after.filter(({ mentor, transitions }) => transitions.length > (former.get(mentor) ?? 0) + 1)
  expect(twice).toEqual([])
}
