import { expect } from 'vitest'
import type { ChannelAnswer } from '../../contracts/delivery.ts'
import * as sql from '../db/delivery.ts'
import { pick } from './command.ts'
import { compare, shortOf } from './compare.ts'
import { type Answer, begin, finish } from './delivery.ts'
import { isPast, standingDate } from './facts.ts'
import { settle } from './model.ts'
import { look, type Real } from './real.ts'
import type { Attempt, Model, Row } from './state.ts'

const CHANNEL_ANSWERS: Record<Answer, ChannelAnswer> = {
  accepted: sql.accepted,
  rejected: sql.rejected,
  failed: sql.failed,
  exhausted: sql.failed,
  uncertain: sql.uncertain,
  out_of_order: sql.outOfOrder,
}

/** The listener takes so many rows, the most urgent first. */
export async function claimRows(model: Model, real: Real, limit: number): Promise<Row[]> {
  const { putOff } = await look(real)
  const waiting = model.rows.filter(({ status, id }) => status === 'pending' && id !== null && !putOff.includes(id))
  const ids = new Set((await sql.claim(real.client, limit)).map(({ id }) => id))
  const claimed = waiting.filter(({ id }) => id !== null && ids.has(id))
  const left = waiting.filter((row) => !claimed.includes(row))
  expect({ claimed: ids.size, ofThoseWaiting: claimed.length }).toEqual({
    claimed: Math.min(limit, waiting.length),
    ofThoseWaiting: ids.size,
  })
  expect(Math.max(0, ...claimed.map((row) => row.threshold))).toBeLessThanOrEqual(
    Math.min(Number.POSITIVE_INFINITY, ...left.map((row) => row.threshold)),
  )
  for (const row of claimed) row.status = 'queued'
  return claimed
}

type Asked = { row: Row; generation: number }

/** The notifier begins these; what may be sent joins the attempts under way, and is returned. */
export async function beginRows(
  model: Model,
  real: Real,
  { asked, leaseLapsed }: { asked: readonly Asked[]; leaseLapsed: boolean },
): Promise<Attempt[]> {
  const jobs = asked.flatMap(({ row: { id }, generation }) => (id === null ? [] : [{ id, generation }]))
  const verdicts = asked.map(({ row, generation }) => begin(model, row, { generation, leaseLapsed }))
  const begun = await sql.begin(real.client, jobs, { lease: leaseLapsed ? -1 : 300 })
  expect(asked.map(({ row }, at) => `${shortOf(row)} ${begun[at]?.verdict}`)).toEqual(
    asked.map(({ row }, at) => `${shortOf(row)} ${verdicts[at]}`),
  )
  const attempts = asked.flatMap(({ row, generation }, at) => {
    const delivery = begun[at]?.delivery
    if (!delivery) return []
    expect(delivery.acceptedChannels, shortOf(row)).toEqual(row.isTaken ? ['email'] : [])
    return [{ row, generation, attempt: delivery.attempt, isHandedOver: !row.isTaken }]
  })
  const withdrawn = asked.filter(({ row }, at) => {
    const hasRunOut =
      row.kind === 'reminder' && standingDate(row.mentor) === row.expiry && isPast(model, row.mentor, row.expiry)
    return verdicts[at] === 'no_recipient' || (verdicts[at] === 'superseded' && !hasRunOut)
  })
  await sweep(
    model,
    real,
    withdrawn.map(({ row }) => row),
  )
  await expectNoneTighterSent(model, real, attempts)
  model.attempts.push(...attempts)
  return attempts
}

/** Seconds later the sweep looks again at whom begin or finish has decided about. */
async function sweep(model: Model, { client }: Real, decided: readonly Row[]): Promise<void> {
  for (const { mentor } of decided) settle(model, mentor, { atNight: false })
  await client.query('select expiry.settle_rechecks(1000)')
}

/** A looser reminder never follows a tighter one of the same date. */
async function expectNoneTighterSent(model: Model, real: Real, attempts: readonly Attempt[]): Promise<void> {
  const { rows } = await compare(model, real)
  const wrong = attempts.filter(({ row: { id } }) => {
    const own = rows.find((row) => row.id === id)
    return rows.some(
      (row) =>
        row.status === 'sent' &&
        row.mentor === own?.mentor &&
        row.kind === own.kind &&
        row.expiry === own.expiry &&
        row.threshold < own.threshold,
    )
  })
  expect(wrong.map(({ row }) => shortOf(row))).toEqual([])
}

/** The channel's answers arrive, one attempt a row at a time, one answer for each, over and over from the first. */
export async function finishAttempts(
  model: Model,
  real: Real,
  { attempts, answers }: { attempts: readonly Attempt[]; answers: readonly Answer[] },
): Promise<string[]> {
  const results = attempts.map((attempt, at) => ({ attempt, answer: pick(answers, at) }))
  model.attempts = model.attempts.filter((attempt) => !attempts.includes(attempt))
  const groups = [
    { some: results.filter(({ answer }) => answer !== 'exhausted'), policy: { base: 0, cap: 0 } },
    { some: results.filter(({ answer }) => answer === 'exhausted'), policy: { base: 0, cap: 0, retryFor: 0 } },
  ]
  const words: string[] = []
  for (const { some, policy } of groups) {
    const expected = some.map(({ attempt, answer }) => `${shortOf(attempt.row)} ${answer}: ${finish(attempt, answer)}`)
    const finished = await sql.finish(
      real.client,
      some.flatMap(({ attempt: { row, generation, attempt, isHandedOver }, answer }) => {
        const answers: Record<string, ChannelAnswer> = isHandedOver ? { email: CHANNEL_ANSWERS[answer] } : {}
        return row.id === null ? [] : [{ id: row.id, generation, attempt, answers }]
      }),
      policy,
    )
    const found = some.map(({ attempt, answer }) => {
      const verdict = finished.find(({ id, generation }) => id === attempt.row.id && generation === attempt.generation)
      return `${shortOf(attempt.row)} ${answer}: ${verdict?.verdict}`
    })
    expect(found).toEqual(expected)
    words.push(...found)
    const failed = some.filter(({ attempt: { row } }, at) => row.status === 'failed' && found[at]?.endsWith('recorded'))
    await sweep(
      model,
      real,
      failed.map(({ attempt }) => attempt.row),
    )
  }
  return words
}

/** Listener and notifier at work: what is queued, and so many more, goes out, with these answers. */
export async function deliverAll(
  model: Model,
  real: Real,
  { limit = 100, answers = ['accepted'] }: { limit?: number; answers?: readonly Answer[] } = {},
): Promise<string[]> {
  await claimRows(model, real, limit)
  const queued = model.rows.filter((row) => row.status === 'queued')
  if (queued.length === 0) return []
  const asked = queued.map((row) => ({ row, generation: row.generation }))
  const attempts = await beginRows(model, real, { asked, leaseLapsed: false })
  return finishAttempts(model, real, { attempts, answers })
}
