import fc from 'fast-check'
import { expect } from 'vitest'
import { only } from '../support/people.ts'
import { dateOf } from './calendar.ts'
import { type Command, command, pick, pickSome } from './command.ts'
import { numberOf } from './compare.ts'
import { today } from './facts.ts'
import { settle } from './model.ts'
import { index, several, statuses } from './people-commands.ts'
import type { MentorStatus } from './state.ts'
import { record, transition } from './status.ts'

/** Into service, out of the programme and back: several at once, by a plain update. */
export function setStatus(which: readonly number[], status: MentorStatus): Command {
  return command({
    when: (model) => model.mentors.length > 0,
    happen: async (model, { client }) => {
      const targets = pickSome(model.mentors, which)
      for (const mentor of targets) {
        if (mentor.status === status) continue
        record(model, mentor, status, mentor.pausedUntil)
        settle(model, mentor, { atNight: false })
      }
      const ids = targets.map(({ id }) => id)
      await client.query('update expiry.mentors set status = $2 where id = any ($1)', [ids, status])
      return `${ids.map(numberOf).join(', ')} ${status}`
    },
  })
}

/** Paused, until so many days from today or without an end; who is paused gets another first day back. */
function pause(at: number, days: number | null): Command {
  return command({
    when: (model) => model.mentors.length > 0,
    happen: async (model, { client }) => {
      const mentor = pick(model.mentors, at)
      const until = days === null ? null : today(model, mentor.organisation) + days
      if (mentor.status !== 'paused' || mentor.pausedUntil !== until) {
        record(model, mentor, 'paused', until)
        settle(model, mentor, { atNight: false })
      }
      const date = until === null ? null : dateOf(until)
      await client.query(`update expiry.mentors set status = 'paused', paused_until = $2 where id = $1`, [
        mentor.id,
        date,
      ])
      return `${numberOf(mentor.id)} paused ${date === null ? 'without an end' : `until ${date}`}`
    },
  })
}

/** Somebody who expects this status, or a wrong one, asks for another, allowed or not. */
function ask(at: number, wrong: MentorStatus | null, to: MentorStatus): Command {
  return command({
    when: (model) => model.mentors.length > 0,
    happen: async (model, { client }) => {
      const mentor = pick(model.mentors, at)
      const expected = wrong ?? mentor.status
      const answer = transition(model, mentor, { expected, to, reason: 'asked' })
      if (answer === true) settle(model, mentor, { atNight: false })
      const found = await client
        .query<{ answer: boolean }>(`select expiry.transition_mentor_status($1, $2, $3, 'asked', 'person') as answer`, [
          mentor.id,
          expected,
          to,
        ])
        .then(({ rows }) => only(rows).answer)
        .catch((error: { code?: string }) => error.code)
      const words = `${numberOf(mentor.id)} asked to go from ${expected} to ${to}`
      expect(`${words}: ${found}`).toBe(`${words}: ${answer}`)
      return `${words}: ${answer}`
    },
  })
}

export const statusChanges = {
  plain: fc.tuple(several, statuses).map((args) => setStatus(...args)),
  pause: fc.tuple(index, fc.option(fc.integer({ min: -1, max: 20 }), { freq: 4 })).map((args) => pause(...args)),
  asked: fc
    .tuple(index, fc.option(statuses, { freq: 4, nil: null }), statuses)
    .map(([at, wrong, to]) => ask(at, wrong, to)),
}
