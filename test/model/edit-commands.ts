import fc from 'fast-check'
import { judge } from './brake.ts'
import { type Day, dateOf, yearAfter } from './calendar.ts'
import { type Command, command, pick, pickSome } from './command.ts'
import { numberOf } from './compare.ts'
import { today } from './facts.ts'
import { settle } from './model.ts'
import { daysLeft, index, several } from './people-commands.ts'
import type { Real } from './real.ts'
import type { Mentor, Model } from './state.ts'

/** What becomes of a date: renewed for a year, moved by days, corrected back, or set to so many days from today. */
export type Move = { kind: 'renewed' } | { kind: 'moved' | 'set'; days: number } | { kind: 'corrected' }

function movedDate(model: Model, { expiry, formerExpiry, organisation }: Mentor, move: Move): Day {
  const start = expiry ?? today(model, organisation)
  switch (move.kind) {
    case 'renewed':
      return yearAfter(start)
    case 'moved':
      return start + move.days
    case 'corrected':
      return formerExpiry ?? start
    case 'set':
      return today(model, organisation) + move.days
  }
}

type Target = { mentor: Mentor; date: Day | null }

/** One statement records these dates, or takes certifications away (null). */
async function recordDates(model: Model, { client }: Real, targets: readonly Target[]): Promise<void> {
  const changed = targets.filter((target) => target.mentor.expiry !== target.date)
  if (changed.length === 0) return
  const statement = statementFor(changed)
  const formers = changed.map(({ mentor }) => ({ mentor, former: mentor.expiry }))
  for (const { mentor, date } of changed) {
    mentor.formerExpiry = mentor.expiry
    mentor.expiry = date
  }
  judge(model, formers)
  for (const { mentor } of changed) settle(model, mentor, { atNight: false })
  const ids = changed.map(({ mentor }) => mentor.id)
  if (statement === REMOVAL) await client.query(FORGET_CERTIFICATION, [ids])
  const dates = changed.map(({ date }) => (date === null ? null : dateOf(date)))
  await client.query(statement, [ids, dates])
}

const CHANGE = `update expiry.certifications as c set expiry_date = t.date
  from unnest($1::uuid[], $2::date[]) as t (id, date) where c.mentor_id = t.id`
const FIRST = `insert into expiry.certifications (mentor_id, expiry_date)
  select t.id, t.date from unnest($1::uuid[], $2::date[]) as t (id, date)`
const REMOVAL = `delete from expiry.certifications as c
  using unnest($1::uuid[], $2::date[]) as t (id) where c.mentor_id = t.id`

/** Nobody can take a certification away that the log still names. */
const FORGET_CERTIFICATION =
  'update expiry.reminder_dispatch_log set certification_id = null where mentor_id = any ($1)'

/** @throws Error for targets that no one statement is for. */
function statementFor(targets: readonly Target[]): string {
  const some = targets.every(({ date }) => date === null) ? REMOVAL : CHANGE
  if (targets.every(({ mentor }) => mentor.expiry !== null)) return some
  if (targets.every(({ mentor, date }) => mentor.expiry === null && date !== null)) return FIRST
  throw new Error('dates are changed by one statement, recorded for the first time by another')
}

async function recordAll(model: Model, real: Real, targets: readonly Target[], isBulk: boolean): Promise<string> {
  const parts = [
    targets.filter(({ mentor }) => mentor.expiry !== null),
    targets.filter(({ mentor }) => mentor.expiry === null),
  ]
  for (const part of isBulk ? parts : parts.flat().map((target) => [target])) await recordDates(model, real, part)
  return targets
    .map(({ mentor, date }) => `${numberOf(mentor.id)} ${date === null ? 'without certification' : dateOf(date)}`)
    .join(', ')
}

/** Several certifications get a new date by one statement, those without one their first by another. */
function moveDates(which: readonly number[], move: Move): Command {
  return command({
    when: (model) => model.mentors.length > 0,
    happen: async (model, real) => {
      const mentors = pickSome(model.mentors, which)
      const targets = mentors.map((mentor) => ({ mentor, date: movedDate(model, mentor, move) }))
      return `${move.kind}: ${await recordAll(model, real, targets, true)}`
    },
  })
}

/** Certifications are taken away. */
function removeDates(which: readonly number[]): Command {
  return command({
    when: (model) => model.mentors.some(({ expiry }) => expiry !== null),
    happen: async (model, real) => {
      const mentors = pickSome(
        model.mentors.filter(({ expiry }) => expiry !== null),
        which,
      )
      const targets = mentors.map((mentor) => ({ mentor, date: null }))
      return `removed: ${await recordAll(model, real, targets, true)}`
    },
  })
}

export type Import = { at: number; days: number | 'none' | 'former'; isBulk: boolean }

/**
 * A file about everybody of an organisation, by one statement or one for each: one date for all, none for anybody, or the
 * dates before the last change.
 */
export function importDates({ at, days, isBulk }: Import): Command {
  return command({
    when: (model) => model.mentors.length > 0,
    happen: async (model, real) => {
      const { organisation } = pick(model.mentors, at)
      const targets = model.mentors
        .filter((mentor) => mentor.organisation === organisation)
        .map((mentor) => ({ mentor, date: importedDate(model, mentor, days) }))
        .filter(({ mentor, date }) => mentor.expiry !== null || date !== null)
      return `import${isBulk ? '' : ', line by line'}: ${await recordAll(model, real, targets, isBulk)}`
    },
  })
}

function importedDate(model: Model, mentor: Mentor, days: Import['days']): Day | null {
  if (days === 'none') return null
  return days === 'former' ? (mentor.formerExpiry ?? mentor.expiry) : today(model, mentor.organisation) + days
}

const moves = fc.oneof(
  fc.constant<Move>({ kind: 'renewed' }),
  fc.constantFrom(-1, 1).map((days): Move => ({ kind: 'moved', days })),
  fc.constant<Move>({ kind: 'corrected' }),
  daysLeft.map((days): Move => ({ kind: 'set', days })),
)

export const edits = {
  dates: fc.tuple(several, moves).map((args) => moveDates(...args)),
  removal: several.map(removeDates),
  import: fc
    .record({
      at: index,
      days: fc.oneof(fc.constantFrom('none', 'former'), fc.constantFrom(-400, -2, -1, 0, 400)),
      isBulk: fc.boolean(),
    })
    .map(importDates),
}
