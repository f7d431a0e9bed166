import fc from 'fast-check'
import { expect } from 'vitest'
import { decide } from '../db/brake.ts'
import { heldBack } from './brake.ts'
import { type Command, command, pick } from './command.ts'
import { numberOf } from './compare.ts'
import { settle } from './model.ts'
import { index } from './people-commands.ts'
import type { Model, Organisation } from './state.ts'

const organisationsHeld = (model: Model): Organisation[] =>
  model.organisations.filter((organisation) => heldBack(model, organisation).length > 0)

/** A person decides about what is held of one organisation. */
export function decideHeld(at: number, verdict: 'approve' | 'reject'): Command {
  return command({
    when: (model) => organisationsHeld(model).length > 0,
    happen: async (model, { client }) => {
      const organisation = pick(organisationsHeld(model), at)
      const decided = heldBack(model, organisation).filter(
        ({ note }) => verdict === 'approve' || note?.verdict !== 'rejected',
      )
      for (const mentor of decided) {
        if (verdict === 'approve') model.seen.approved.add(mentor.id)
        if (mentor.note !== null) mentor.note.verdict = verdict === 'approve' ? 'approved' : 'rejected'
        settle(model, mentor, { atNight: false })
      }
      expect(await decide(client, verdict, organisation.id)).toBe(decided.length)
      const who = decided.map(({ id }) => numberOf(id)).join(', ')
      return `${verdict}ed for organisation ${numberOf(organisation.id)}: ${who || 'nobody'}`
    },
  })
}

/** How many an organisation may lose within a day. */
function setBrake(at: number, mentors: number, share: number): Command {
  return command({
    when: (model) => model.organisations.length > 0,
    happen: async (model, { client }) => {
      const organisation = pick(model.organisations, at)
      organisation.brake = { mentors, share }
      await client.query('update expiry.organisations set brake_mentors = $2, brake_share = $3 where id = $1', [
        organisation.id,
        mentors,
        share,
      ])
      return `organisation ${numberOf(organisation.id)} may lose ${mentors}, or ${share} of all, a day`
    },
  })
}

export const brake = {
  decision: fc.tuple(index, fc.constantFrom('approve', 'reject')).map((args) => decideHeld(...args)),
  limit: fc.tuple(index, fc.constantFrom(3, 1, 0), fc.constantFrom(0.2, 0.5)).map((args) => setBrake(...args)),
}
