import fc from 'fast-check'
import { expect } from 'vitest'
import { type Command, command, pick, pickSome } from './command.ts'
import { shortOf } from './compare.ts'
import type { Answer } from './delivery.ts'
import { beginRows, claimRows, deliverAll, finishAttempts } from './delivery-steps.ts'
import { supersedeLeftOvers } from './model.ts'
import { rescue } from './night.ts'
import { makePending } from './state.ts'

function claimSome(limit: number): Command {
  return command({
    when: (model) => model.rows.some((row) => row.status === 'pending'),
    happen: async (model, real) => `claimed ${(await claimRows(model, real, limit)).map(shortOf).join(', ')}`,
  })
}

/**
 * Jobs run: of rows that wait, or of any rows whatever and of a former generation. Their senders then fall silent, within
 * their lease or beyond it.
 */
export function beginSome(which: readonly number[], kind: 'waiting' | 'any' | 'former', leaseLapsed: boolean): Command {
  return command({
    when: (model) => model.rows.length > 0,
    happen: async (model, real) => {
      const waiting = model.rows.filter(({ status }) => status === 'pending' || status === 'queued')
      const rows = pickSome(kind === 'waiting' ? waiting : model.rows, which)
      const asked = rows.map((row) => ({ row, generation: row.generation - (kind === 'former' ? 1 : 0) }))
      const attempts = await beginRows(model, real, { asked, leaseLapsed })
      return `begun${leaseLapsed ? ' and given up' : ''}: ${attempts.map(({ row }) => shortOf(row)).join(', ') || 'none'}`
    },
  })
}

/** Senders who had been silent come back with an answer, in time or late. */
export function finishSome(which: readonly number[], answers: readonly Answer[]): Command {
  return command({
    when: (model) => model.attempts.length > 0,
    happen: async (model, real) => {
      const attempts = pickSome(model.attempts, which)
      const oneEach = attempts.filter(({ row }, at) => attempts.findIndex((other) => other.row === row) === at)
      return (await finishAttempts(model, real, { attempts: oneEach, answers })).join(', ')
    },
  })
}

/** Listener and notifier at work: everything that may go out does, with these answers. */
function deliver(limit: number, answers: readonly Answer[]): Command {
  return command({
    when: (model) => model.rows.some((row) => row.status === 'pending' || row.status === 'queued'),
    happen: async (model, real) => {
      return `delivered ${(await deliverAll(model, real, { limit, answers })).join(', ')}`
    },
  })
}

/** The sweep takes back what silent senders had. */
export function rescueAll(): Command {
  return command({
    when: (model) => model.rows.some((row) => row.status === 'sending' && row.leaseLapsed),
    happen: async (model, { client }) => {
      const rescued = rescue(model)
      await client.query('select expiry.rescue_stuck_reminders()')
      return `rescued ${rescued.map(shortOf).join(', ')}`
    },
  })
}

/** The audit finds that the jobs of queued rows are gone. */
function loseJobs(which: readonly number[]): Command {
  return command({
    when: (model) => model.rows.some((row) => row.status === 'queued'),
    happen: async (model, { client }) => {
      const lost = pickSome(
        model.rows.filter((row) => row.status === 'queued'),
        which,
      )
      const generations = lost.map((row) => row.generation)
      for (const row of lost) makePending(row)
      await client.query('select expiry.requeue_lost_reminders($1, $2)', [lost.map(({ id }) => id), generations])
      return `jobs lost of ${lost.map(shortOf).join(', ')}`
    },
  })
}

/** A person has a failed one tried again. Whatever of the mentor's rows is no longer so gives way first. */
function retryByHand(at: number): Command {
  return command({
    when: (model) => model.rows.length > 0,
    happen: async (model, { client }) => {
      const row = pick(model.rows, at)
      supersedeLeftOvers(model, row.mentor)
      const isRetried = row.status === 'failed'
      if (isRetried) makePending(row)
      const { rows } = await client.query('select expiry.retry_reminder($1, $2) as retried', [row.id, 'person'])
      expect(rows).toEqual([{ retried: isRetried }])
      return `by hand again: ${shortOf(row)}`
    },
  })
}

const index = fc.nat(1000)
const several = fc.array(index, { minLength: 1, maxLength: 5 })
const limits = fc.constantFrom(1, 2, 5, 100)
const answers = fc.array(
  fc.constantFrom<Answer>('accepted', 'accepted', 'rejected', 'failed', 'exhausted', 'uncertain', 'out_of_order'),
  { minLength: 1, maxLength: 4 },
)

export const deliveries = {
  claim: limits.map(claimSome),
  begin: fc
    .tuple(several, fc.constantFrom('waiting', 'waiting', 'waiting', 'any', 'former'), fc.boolean())
    .map((args) => beginSome(...args)),
  finish: fc.tuple(several, answers).map((args) => finishSome(...args)),
  everything: fc.constant(null).map(() => deliver(100, ['accepted'])),
  mixed: fc.tuple(limits, answers).map((args) => deliver(...args)),
  rescue: fc.constant(null).map(rescueAll),
  lostJobs: several.map(loseJobs),
  byHand: index.map(retryByHand),
}
