import { expect } from 'vitest'
import { heldBack } from './brake.ts'
import { dateOf } from './calendar.ts'
import { isVisible, standingDate } from './facts.ts'
import { hasLostItsFacts, uncoveredThreshold } from './model.ts'
import { type Found, type FoundMentor, type FoundRow, look, type Real } from './real.ts'
import { isOpen, type Mentor, type Model, type Organisation, type Row } from './state.ts'

/**
 * The log and the self-checks are what the model says, row by row, and no channel has taken a key twice. Rows seen for
 * the first time tell the model their ids.
 * @throws AssertionError with both sides.
 */
export async function compare(model: Model, real: Real): Promise<Found> {
  const found = await look(real)
  const byKey = new Map(found.rows.map((row) => [`${row.mentor} ${row.kind} ${row.threshold} ${row.expiry}`, row]))
  for (const row of model.rows) row.id ??= byKey.get(keyOf(row))?.id ?? null
  expect(inWords(found)).toEqual({
    mentors: model.mentors.map((mentor) => describeMentor(model, mentor)).sort(),
    alerts: model.organisations.flatMap((organisation) => alert(model, organisation)).sort(),
    rows: model.rows.map(describe).sort(),
    uncovered: model.mentors.flatMap((mentor) => uncovered(model, mentor)).sort(),
    stale: model.rows
      .filter((row) => isOpen(row) && hasLostItsFacts(model, row))
      .map(shortOf)
      .sort(),
    nights: model.organisations
      .map(({ id, processedOn }) => `${numberOf(id)}: ${processedOn === null ? null : dateOf(processedOn)}`)
      .sort(),
    doubled: 0,
  })
  return found
}

function keyOf({ mentor, kind, threshold, expiry }: Row): string {
  return `${mentor.id} ${kind} ${threshold} ${dateOf(expiry)}`
}

/** A row in short: the mentor's number, the threshold or the kind of message, and the date. */
export function shortOf({ mentor, kind, threshold, expiry }: Row): string {
  return inShort({ mentor: mentor.id, kind, threshold, expiry: dateOf(expiry) })
}

function inShort({
  mentor,
  kind,
  threshold,
  expiry,
}: Pick<FoundRow, 'mentor' | 'kind' | 'threshold' | 'expiry'>): string {
  return `${numberOf(mentor)}: ${kind === 'reminder' ? `${threshold} before` : kind} ${expiry}`
}

function describe(row: Row): string {
  return `${shortOf(row)} ${row.failure ?? row.status}, generation ${row.generation}`
}

function describeMentor(model: Model, mentor: Mentor): string {
  const { id, note, pausedUntil, status, transitions } = mentor
  const until = standingDate(mentor)
  return inOneLine({
    mentor: id,
    status,
    pausedUntil: pausedUntil === null ? null : dateOf(pausedUntil),
    until: until === null ? null : dateOf(until),
    isVisible: isVisible(model, mentor),
    verdict: note === null ? null : note.verdict,
    transitions: transitions.map(({ from, to, reason }) => `${from} → ${to} (${reason})`),
  })
}

function inOneLine(found: Omit<FoundMentor, 'organisation'>): string {
  const { isVisible, mentor, pausedUntil, status, transitions, until, verdict } = found
  const pause = pausedUntil === null ? '' : ` until ${pausedUntil}`
  const date = `${isVisible ? 'visible, ' : ''}${until ?? 'no date'}${verdict === null ? '' : `, ${verdict}`}`
  return `${numberOf(mentor)}: ${status}${pause} (${date}): ${transitions.join(', ')}`
}

function alert(model: Model, organisation: Organisation): string[] {
  const held = heldBack(model, organisation).filter(({ note }) => note?.verdict === 'held')
  return held.length === 0 ? [] : [`${numberOf(organisation.id)}: ${held.length} held`]
}

function uncovered(model: Model, mentor: Mentor): string[] {
  const threshold = uncoveredThreshold(model, mentor)
  return threshold === null ? [] : [`${numberOf(mentor.id)}: ${threshold}`]
}

function inWords({ rows, standing, alerts, uncovered, stale, nights, doubled }: Found) {
  const short = new Map(rows.map((row) => [row.id, inShort(row)]))
  return {
    mentors: standing.map(inOneLine).sort(),
    alerts: alerts.map(({ organisation, count }) => `${numberOf(organisation)}: ${count} held`).sort(),
    rows: rows.map((row) => `${short.get(row.id)} ${row.failure ?? row.status}, generation ${row.generation}`).sort(),
    uncovered: uncovered.map(({ mentor, threshold }) => `${numberOf(mentor)}: ${threshold}`).sort(),
    stale: stale.map((id) => short.get(id)).sort(),
    nights: nights.map(({ organisation, day }) => `${numberOf(organisation)}: ${day}`).sort(),
    doubled,
  }
}

/** Ids end in a number that says which one it was. */
export function numberOf(id: string): number {
  return Number.parseInt(id.slice(-12), 16)
}
