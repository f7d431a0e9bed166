import fc from 'fast-check'
import { type Command, command, pick, pickSome } from './command.ts'
import { numberOf } from './compare.ts'
import { settle } from './model.ts'
import type { Mentor, Model } from './state.ts'

/**
 * A change of who gets reminders takes effect at once on mentors about whom something had failed. For everybody else it
 * is begin's question who gets a reminder.
 */
function settleIfFailed(model: Model, mentors: readonly Mentor[]): void {
  for (const mentor of mentors) {
    const hasFailed = model.rows.some((row) => row.mentor === mentor && row.status === 'failed')
    if (hasFailed) settle(model, mentor, { atNight: false })
  }
}

/** Several mentors of one organisation get a coordinator, or lose theirs. */
function assign(which: readonly number[], by: number | null): Command {
  return command({
    when: (model) => model.mentors.length > 0,
    happen: async (model, { client }) => {
      const some = pickSome(model.mentors, which)
      const organisation = some[0]?.organisation
      const targets = some.filter((mentor) => mentor.organisation === organisation)
      const colleagues = model.coordinators.filter((coordinator) => coordinator.organisation === organisation)
      const coordinator = by === null || colleagues.length === 0 ? null : pick(colleagues, by)
      for (const mentor of targets) {
        if (mentor.coordinator === coordinator) continue
        mentor.coordinator = coordinator
        settleIfFailed(model, [mentor])
      }
      const ids = targets.map(({ id }) => id)
      await client.query('update expiry.mentors set coordinator_id = $2 where id = any ($1)', [
        ids,
        coordinator?.id ?? null,
      ])
      return `${ids.map(numberOf).join(', ')} to coordinator ${coordinator ? numberOf(coordinator.id) : 'nobody'}`
    },
  })
}

/** A coordinator comes or goes, or gets another address, or none. */
function changeCoordinator(at: number, change: 'wake' | 'sleep' | 'address' | 'no address'): Command {
  return command({
    when: (model) => model.coordinators.length > 0,
    happen: async (model, { client }) => {
      const coordinator = pick(model.coordinators, at)
      const { email, active } = coordinator
      if (change === 'wake' || change === 'sleep') coordinator.active = change === 'wake'
      else coordinator.email = change === 'address' ? `c-${model.step}@example.org` : null
      if (email !== coordinator.email || active !== coordinator.active) {
        const theirs = model.mentors.filter((mentor) => mentor.coordinator === coordinator)
        settleIfFailed(model, theirs)
      }
      await client.query('update expiry.coordinators set email = $2, active = $3 where id = $1', [
        coordinator.id,
        coordinator.email,
        coordinator.active,
      ])
      return `coordinator ${numberOf(coordinator.id)}: ${change}`
    },
  })
}

/** The organisation's fallback address appears, changes or goes. */
function setFallback(at: number, hasFallback: boolean): Command {
  return command({
    when: (model) => model.organisations.length > 0,
    happen: async (model, { client }) => {
      const organisation = pick(model.organisations, at)
      const fallback = hasFallback ? `office-${model.step}@example.org` : null
      if (organisation.fallback !== fallback) {
        organisation.fallback = fallback
        const theirs = model.mentors.filter((mentor) => mentor.organisation === organisation)
        settleIfFailed(model, theirs)
      }
      await client.query('update expiry.organisations set fallback_email = $2 where id = $1', [
        organisation.id,
        fallback,
      ])
      return `organisation ${numberOf(organisation.id)}: ${fallback ?? 'no'} fallback`
    },
  })
}

const index = fc.nat(1000)

export const recipients = {
  assignment: fc
    .tuple(fc.array(index, { minLength: 1, maxLength: 5 }), fc.option(index, { freq: 4 }))
    .map((args) => assign(...args)),
  coordinator: fc
    .tuple(index, fc.constantFrom('wake', 'sleep', 'address', 'no address'))
    .map((args) => changeCoordinator(...args)),
  fallback: fc.tuple(index, fc.boolean()).map((args) => setFallback(...args)),
}
