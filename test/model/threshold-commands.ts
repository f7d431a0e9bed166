import fc from 'fast-check'
import { type Command, command, pick } from './command.ts'
import { numberOf } from './compare.ts'
import { refreshThresholds } from './night.ts'
import type { Model, Organisation } from './state.ts'

const index = fc.nat(1000)
const days = fc.constantFrom(60, 45, 30, 29, 21, 20, 14, 13, 10, 7, 5, 3, 1)

/** Everybody's thresholds, or one organisation's own. */
type Scope = { organisation: Organisation | null; thresholds: Set<number> }

function scopeOf(model: Model, at: number | null): Scope {
  const organisation = at === null || model.organisations.length === 0 ? null : pick(model.organisations, at)
  return { organisation, thresholds: organisation?.own ?? model.defaults }
}

function refresh(model: Model): void {
  for (const organisation of model.organisations) refreshThresholds(model, organisation)
}

const nameOf = ({ organisation }: Scope) =>
  organisation === null ? 'everybody' : `organisation ${numberOf(organisation.id)}`

function addThreshold(at: number | null, day: number): Command {
  return command({
    when: (model) => !scopeOf(model, at).thresholds.has(day),
    happen: async (model, { client }) => {
      const scope = scopeOf(model, at)
      scope.thresholds.add(day)
      refresh(model)
      await client.query(
        `insert into expiry.reminder_thresholds (organisation_id, threshold_day, urgency) values ($1, $2, 'notice')`,
        [scope.organisation?.id ?? null, day],
      )
      return `threshold ${day} for ${nameOf(scope)}`
    },
  })
}

export function removeThreshold(at: number | null, number: number): Command {
  return command({
    when: (model) => scopeOf(model, at).thresholds.size > 0,
    happen: async (model, { client }) => {
      const scope = scopeOf(model, at)
      const day = pick([...scope.thresholds], number)
      scope.thresholds.delete(day)
      refresh(model)
      await client.query(
        'delete from expiry.reminder_thresholds where organisation_id is not distinct from $1 and threshold_day = $2',
        [scope.organisation?.id ?? null, day],
      )
      return `no threshold ${day} for ${nameOf(scope)}`
    },
  })
}

/** The number of an existing threshold is changed by an update. */
function changeThreshold(at: number | null, number: number, day: number): Command {
  return command({
    when: (model) => scopeOf(model, at).thresholds.size > 0 && !scopeOf(model, at).thresholds.has(day),
    happen: async (model, { client }) => {
      const scope = scopeOf(model, at)
      const former = pick([...scope.thresholds], number)
      scope.thresholds.delete(former)
      scope.thresholds.add(day)
      refresh(model)
      await client.query(
        `update expiry.reminder_thresholds set threshold_day = $3
          where organisation_id is not distinct from $1 and threshold_day = $2`,
        [scope.organisation?.id ?? null, former, day],
      )
      return `threshold ${former} becomes ${day} for ${nameOf(scope)}`
    },
  })
}

/** The flag `per_organisation_thresholds`. */
function switchFlag(at: number, isOn: boolean): Command {
  return command({
    when: (model) => model.organisations.length > 0,
    happen: async (model, { client }) => {
      const organisation = pick(model.organisations, at)
      organisation.ownThresholdsFlag = isOn
      refreshThresholds(model, organisation)
      await client.query(
        `insert into expiry.feature_flags (organisation_id, flag, enabled) values ($1, 'per_organisation_thresholds', $2)
         on conflict (organisation_id, flag) do update set enabled = excluded.enabled`,
        [organisation.id, isOn],
      )
      return `own thresholds ${isOn ? 'on' : 'off'} for organisation ${numberOf(organisation.id)}`
    },
  })
}

const scopes = fc.option(index, { freq: 2 })

export const thresholdChanges = {
  added: fc.tuple(scopes, days).map((args) => addThreshold(...args)),
  removed: fc.tuple(scopes, index).map((args) => removeThreshold(...args)),
  changed: fc.tuple(scopes, index, days).map((args) => changeThreshold(...args)),
  flag: fc.tuple(index, fc.boolean()).map((args) => switchFlag(...args)),
}
