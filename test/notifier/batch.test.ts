import { expect, test } from 'vitest'
import { batching } from '../../services/notifier/batch.ts'

class Poisoned extends Error {}
const isAboutItem = (error: unknown) => error instanceof Poisoned

/** Doubles numbers, in batches that are written down; 13 spoils its batch. */
function doubling(most = 100) {
  const batches: number[][] = []
  const double = batching({
    most,
    isAboutItem,
    run: async (items: number[]) => {
      batches.push(items)
      // As a database would: the answer comes in a later turn.
      await new Promise((resolve) => setImmediate(resolve))
      if (items.includes(13)) throw new Poisoned('thirteen')
      return items.map((item) => item * 2)
    },
  })
  return { double, batches }
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

test('calls of one moment share a batch, and each gets the answer to its own item', async () => {
  const { double, batches } = doubling()
  expect(await Promise.all(numbers(10).map(double))).toEqual(numbers(10).map((item) => item * 2))
  expect(batches).toEqual([numbers(10)])
})

test('while one batch is under way the next one gathers, and none is larger than allowed', async () => {
  const { double, batches } = doubling(4)
  const first = double(100)
  await new Promise((resolve) => setImmediate(resolve))
  const answers = await Promise.all([first, ...numbers(9).map(double)])
  expect(answers).toEqual([200, ...numbers(9).map((item) => item * 2)])
  expect(batches.map((batch) => batch.length)).toEqual([1, 4, 4, 1])
})

test('a poisoned item is refused to its own caller, and all others of its batch are answered', async () => {
  const { double, batches } = doubling()
  const settled = await Promise.allSettled(numbers(20).map(double))
  expect(settled.map(({ status }) => status)).toEqual(
    numbers(20).map((item) => (item === 13 ? 'rejected' : 'fulfilled')),
  )
  expect(settled[13]).toMatchObject({ reason: { message: 'thirteen' } })
  expect(batches.length).toBeLessThan(12)
  expect(await double(14)).toBe(28)
})

test('a failure that is about no item refuses the whole batch at once instead of its halves one by one', async () => {
  let runs = 0
  const call = batching({
    most: 100,
    isAboutItem,
    run: async () => {
      runs += 1
      throw new Error('away')
    },
  })
  const settled = await Promise.allSettled(numbers(50).map(call))
  expect(settled.every(({ status }) => status === 'rejected')).toBe(true)
  expect(runs).toBe(1)
})

test('an item that comes back without an answer is refused alone', async () => {
  const call = batching({
    most: 10,
    isAboutItem,
    run: async (items: number[]) => items.map((item) => item || undefined),
  })
  const settled = await Promise.allSettled([1, 0, 2].map(call))
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})
