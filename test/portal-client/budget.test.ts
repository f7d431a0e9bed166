import { expect, test } from 'vitest'
import { pause } from '../../runtime/pause.ts'
import { createBudget } from '../../runtime/portal/budget.ts'
import { openSimulator } from '../simulator/calls.ts'
import { waitFor } from '../support/wait.ts'
import { patient, portalAt } from './portals.ts'

test('requests leave evenly, at the rate of the budget and no burst', async () => {
  await using simulator = await openSimulator()
  await using portal = portalAt(simulator, { requestsPerSecond: 20, concurrency: 4 })
  const ask = () => portal.client.send({ method: 'GET', url: `${portal.client.root}WhoAmI`, priority: 1 }, patient)
  const begun = Date.now()
  const answers = await Promise.all(Array.from({ length: 21 }, ask))
  expect(answers.map(({ kind }) => kind)).toEqual(Array(21).fill('ok'))
  const waits = simulator.control
    .journal()
    .filter(({ route }) => route === 'whoami')
    .map(({ realAt }) => Date.parse(realAt) - begun)
  // A machine under load may be late; nothing makes a request early, but a timer by a little.
  expect(waits.filter((wait, number) => wait < number * 50 - 20)).toEqual([])
  expect(waits.at(-1)).toBeLessThan(4_000)
})

test('requests that come at any moment keep their distance, too', async () => {
  const budget = createBudget({ requestsPerSecond: 25, concurrency: 4 })
  const times: number[] = []
  const runs: Promise<unknown>[] = []
  for (let number = 0; number < 40; number += 1) {
    runs.push(budget.run(async () => void times.push(performance.now()), 1, patient))
    await pause((number * 17) % 83, patient)
  }
  await Promise.all(runs)
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0))
  // A machine under load begins one late and the next on time; two at once is what must not be.
  expect(gaps.filter((gap) => gap < 20)).toEqual([])
})

test('the rate is held over a second, at any rate, and never exceeded', async () => {
  const rates = [10, 99, 250, 1_000]
  const most = await Promise.all(
    rates.map(async (rate) => {
      const budget = createBudget({ requestsPerSecond: rate, concurrency: 4 })
      const times: number[] = []
      const work = async () => {
        times.push(performance.now())
        await pause(1, patient)
      }
      await Promise.all(Array.from({ length: rate * 2.5 }, () => budget.run(work, 1, patient)))
      return mostWithin(times, 998) // a timer may fire a little early
    }),
  )
  const held = most.map((count, index) => count / (rates[index] ?? 0))
  expect(held.filter((share) => share > 1)).toEqual([])
  // What a machine under load loses in one second it does not lose in another.
  expect(held.filter((share) => share < 0.9)).toEqual([])
})

function mostWithin(times: number[], milliseconds: number): number {
  return Math.max(...times.map((from) => times.filter((time) => time >= from && time < from + milliseconds).length))
}

test('no more than so many are under way at once', async () => {
  await using simulator = await openSimulator({ latency: 60 })
  await using portal = portalAt(simulator, { concurrency: 3 })
  const ask = () => portal.client.send({ method: 'GET', url: `${portal.client.root}WhoAmI`, priority: 1 }, patient)
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, simulator.control.journal().filter(({ outcome }) => outcome === 'open').length)
  }, 5)
  await Promise.all(Array.from({ length: 12 }, ask))
  clearInterval(watch)
  expect(most).toBe(3)
})

test('what is more urgent goes first, and equals in the order in which they came', async () => {
  const budget = createBudget({ requestsPerSecond: 1_000, concurrency: 1 })
  const order: string[] = []
  const run = (name: string, priority: number) => budget.run(async () => void order.push(name), priority, patient)
  await Promise.all([run('begun', 3), run('c', 3), run('b', 2), run('a', 1), run('B', 2), run('A', 1)])
  expect(order).toEqual(['begun', 'a', 'A', 'b', 'B', 'c'])
})

test('an abort ends waiting, and what has begun still tells what came of it', async () => {
  const budget = createBudget({ requestsPerSecond: 1_000, concurrency: 1 })
  const stop = new AbortController()
  let isBegun = false
  let finish = () => {}
  const begun = budget.run(
    () =>
      new Promise<string>((resolve) => {
        isBegun = true
        finish = () => resolve('done')
      }),
    1,
    stop.signal,
  )
  const waiting = budget.run(async () => 'never', 1, stop.signal)
  await waitFor('the first to begin', () => isBegun)
  stop.abort()
  expect(await waiting).toBeUndefined()
  finish()
  expect(await begun).toBe('done')
  expect(await budget.run(async () => 'next', 1, patient)).toBe('next')
  expect(await budget.run(async () => 'never', 1, stop.signal)).toBeUndefined()
})
