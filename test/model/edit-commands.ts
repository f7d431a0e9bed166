import fc from 'fast-check'
import { type Day, dateOf, yearAfter } from './calendar.ts'
import { type Command, command, pickSome } from './command.ts'
import { numberOf } from './compare.ts'
import { settle, today } from './model.ts'
import { daysLeft, statuses } from './people-commands.ts'
import type { Mentor, MentorStatus, Model } from './state.ts'

const index = fc.nat(1000)
const several = fc.array(index, { minLength: 1, maxLength: 5 })

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

/** Several certifications get a new date by one statement, those without one their first by another. */
function moveDates(which: readonly number[], move: Move): Command {
  return command({
    when: (model) => model.mentors.length > 0,
    happen: async (model, { client }) => {
      const targets = pickSome(model.mentors, which).map((mentor) => ({
        mentor,
        isFirst: mentor.expiry === null,
        date: movedDate(model, mentor, move),
      }))
      for (const { mentor, date } of targets) {
        if (mentor.expiry === date) continue
        mentor.formerExpiry = mentor.expiry
        mentor.expiry = date
        settle(model, mentor, { atNight: false })
      }
      const values = (isFirst: boolean) => {
        const some = targets.filter((target) => target.isFirst === isFirst)
        return [some.map(({ mentor }) => mentor.id), some.map(({ date }) => dateOf(date))]
      }
      await client.query(
        `update expiry.certifications as c set expiry_date = t.date
           from unnest($1::uuid[], $2::date[]) as t (id, date) where c.mentor_id = t.id`,
        values(false),
      )
      await client.query(
        `insert into expiry.certifications (mentor_id, expiry_date)
         select t.id, t.date from unnest($1::uuid[], $2::date[]) as t (id, date)`,
        values(true),
      )
      return targets.map(({ mentor, date }) => `${numberOf(mentor.id)} ${move.kind} to ${dateOf(date)}`).join(', ')
    },
  })
}

/** Paused, resumed, out of the programme and back: several at once. */
export function setStatus(which: readonly number[], status: MentorStatus): Command {
  return command({
    when: (model) => model.mentors.length > 0,
    happen: async (model, { client }) => {
      const targets = pickSome(model.mentors, which)
      for (const mentor of targets) {
        if (mentor.status === status) continue
        mentor.status = status
        settle(model, mentor, { atNight: false })
      }
      const ids = targets.map(({ id }) => id)
      await client.query('update expiry.mentors set status = $2 where id = any ($1)', [ids, status])
      return `${ids.map(numberOf).join(', ')} ${status}`
    },
  })
}

const moves = fc.oneof(
  fc.constant<Move>({ kind: 'renewed' }),
  fc.constantFrom(-1, 1).map((days): Move => ({ kind: 'moved', days })),
  fc.constant<Move>({ kind: 'corrected' }),
  daysLeft.map((days): Move => ({ kind: 'set', days })),
)

export const edits = {
  dates: fc.tuple(several, moves).map((args) => moveDates(...args)),
  status: fc.tuple(several, statuses).map((args) => setStatus(...args)),
}
