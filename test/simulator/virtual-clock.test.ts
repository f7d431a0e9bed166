import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startClock } from '../../simulator/virtual-clock.ts'
import { waitFor } from '../support/wait.ts'

test('stands still until it is told to leap, and does what falls due in order, each at its instant', async () => {
  using clock = startClock({ start: 1_000, pace: 0 })
  await sleep(20)
  expect(clock.now()).toBe(1_000)
  const done: [string, number][] = []
  const note = (name: string) => () => void done.push([name, clock.now()])
  clock.at(3_000, note('third'))
  clock.at(2_000, note('first'))
  clock.at(2_000, () => {
    note('second')()
    clock.at(2_500, note('of the second'))
  })
  clock.at(9_000, note('too late'))
  clock.advance(5_000)
  expect(done).toEqual([
    ['first', 2_000],
    ['second', 2_000],
    ['of the second', 2_500],
    ['third', 3_000],
  ])
  expect(clock.now()).toBe(6_000)
})

test('runs at its pace, and does by itself what falls due', async () => {
  using clock = startClock({ start: 0, pace: 1_000 })
  let done = 0
  clock.at(50_000, () => {
    done = clock.now()
  })
  await waitFor('what falls due', () => done > 0)
  expect(done).toBe(50_000)
  expect(clock.now()).toBeGreaterThanOrEqual(50_000)
})

test('never goes back', () => {
  using clock = startClock({ start: 0, pace: 0 })
  expect(() => clock.advance(-1)).toThrow(RangeError)
})
