import fc from 'fast-check'
import { expect } from 'vitest'
import { nightly, setClock } from '../support/people.ts'
import { HOUR } from './calendar.ts'
import { type Command, command } from './command.ts'
import { compare } from './compare.ts'
import { deliverAll } from './delivery-steps.ts'
import { expectNobodyOverdue, expectOneChangeEach } from './invariants.ts'
import { night, owedNights } from './night.ts'
import { type Found, look, type Real } from './real.ts'
import type { Model, Organisation, Row } from './state.ts'

async function moveClock(model: Model, { client }: Real, hours: number): Promise<void> {
  model.now += hours * HOUR
  await setClock(client, new Date(model.now).toISOString())
}

/** What the schedule calls every hour: the nights that are owed now. */
async function tick(model: Model, real: Real): Promise<void> {
  const before = await look(real)
  const organisations = owedNights(model)
  const rescued = night(model, organisations)
  await real.client.query(`call expiry.nightly('test')`)
  const after = await expectNothingLeft(model, real, { organisations, rescued })
  expectOneChangeEach(before.standing, after.standing)
}

/**
 * After its night an organisation has nothing uncovered, nobody overdue, and nothing open that has lost its facts; but
 * what the last phase took back from a silent sender is looked at by the next begin or night.
 */
async function expectNothingLeft(
  model: Model,
  real: Real,
  { organisations, rescued }: { organisations: readonly Organisation[]; rescued: readonly Row[] },
): Promise<Found> {
  const found = await compare(model, real)
  expectNobodyOverdue(model, found, organisations)
  const mentors = new Set(
    model.mentors.filter(({ organisation }) => organisations.includes(organisation)).map(({ id }) => id),
  )
  const uncovered = found.uncovered.filter(({ mentor }) => mentors.has(mentor))
  const rows = model.rows.filter((row) => mentors.has(row.mentor.id) && !rescued.includes(row))
  const stale = rows.filter(({ id }) => id !== null && found.stale.includes(id))
  expect({ uncovered, stale }).toEqual({ uncovered: [], stale: [] })
  return found
}

/** So many hours pass without anybody looking. */
function travel(hours: number): Command {
  return command({
    happen: async (model, real) => {
      await moveClock(model, real, hours)
      return `${hours} hours later: ${new Date(model.now).toISOString()}`
    },
  })
}

/** So many hours, one after the other, each with its tick. */
export function liveHours(hours: number): Command {
  return command({
    happen: async (model, real) => {
      for (let hour = 0; hour < hours; hour += 1) {
        await moveClock(model, real, 1)
        await tick(model, real)
      }
      return `${hours} hours and ticks: ${new Date(model.now).toISOString()}`
    },
  })
}

export type Days = { days: number; missedNights: readonly number[]; servicesRun: boolean }

/** So many days with one tick each, but for the nights that were missed; the services deliver every day, or stand still. */
export function liveDays({ days, missedNights, servicesRun }: Days): Command {
  return command({
    happen: async (model, real) => {
      for (let day = 0; day < days; day += 1) {
        await moveClock(model, real, 24)
        if (!missedNights.includes(day)) await tick(model, real)
        if (servicesRun) await deliverAll(model, real)
      }
      const end = `${new Date(model.now).toISOString()}, services ${servicesRun ? 'running' : 'stopped'}`
      return `${days} days, nights missed: ${missedNights.join(' ') || 'none'}: ${end}`
    },
  })
}

/** A night for everybody, at a person's wish. */
function runNight(): Command {
  return command({
    happen: async (model, real) => {
      const rescued = night(model, model.organisations)
      await nightly(real.client)
      await expectNothingLeft(model, real, { organisations: model.organisations, rescued })
      return 'a night by hand'
    },
  })
}

export const times = {
  gap: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 40, max: 24 * 12 })).map(travel),
  hours: fc.integer({ min: 1, max: 6 }).map(liveHours),
  days: fc
    .record({
      days: fc.integer({ min: 1, max: 8 }),
      missedNights: fc.array(fc.nat(7), { maxLength: 3 }),
      servicesRun: fc.boolean(),
    })
    .map(liveDays),
  night: fc.constant(null).map(runNight),
}
