import { expect } from 'vitest'
import { dateOf } from './calendar.ts'
import { hasLostItsFacts, uncoveredThreshold } from './model.ts'
import { type Found, look, type Real } from './real.ts'
import { isOpen, type Mentor, type Model, type Row } from './state.ts'

/**
 * The log and the self-checks are what the model says, row by row, and no channel has taken a key twice. Rows seen for
 * the first time tell the model their ids.
 * @throws AssertionError with both sides.
 */
export async function compare(model: Model, real: Real): Promise<Found> {
  const found = await look(real)
  const byKey = new Map(found.rows.map((row) => [`${row.mentor} ${row.threshold} ${row.expiry}`, row]))
  for (const row of model.rows) row.id ??= byKey.get(keyOf(row))?.id ?? null
  expect(inWords(found)).toEqual({
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

function keyOf({ mentor, threshold, expiry }: Row): string {
  return `${mentor.id} ${threshold} ${dateOf(expiry)}`
}

/** A row in short: the mentor's number, the threshold and the date. */
export function shortOf({ mentor, threshold, expiry }: Row): string {
  return `${numberOf(mentor.id)}: ${threshold} before ${dateOf(expiry)}`
}

function describe(row: Row): string {
  return `${shortOf(row)} ${row.failure ?? row.status}, generation ${row.generation}`
}

function uncovered(model: Model, mentor: Mentor): string[] {
  const threshold = uncoveredThreshold(model, mentor)
  return threshold === null ? [] : [`${numberOf(mentor.id)}: ${threshold}`]
}

function inWords({ rows, uncovered, stale, nights, doubled }: Found) {
  const short = new Map(rows.map((row) => [row.id, `${numberOf(row.mentor)}: ${row.threshold} before ${row.expiry}`]))
  return {
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
