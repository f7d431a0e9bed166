import { expect, test } from 'vitest'
import { waitFor } from './wait.ts'

test('returns what the condition gives once it gives something', async () => {
  let asked = 0
  const value = await waitFor('the third answer', () => ++asked === 3 && `answer ${asked}`, { intervalMs: 1 })
  expect(value).toBe('answer 3')
})

test('names what it waited for when the deadline passes, also for a condition that never answers', async () => {
  await expect(waitFor('a comet', () => undefined, { deadlineMs: 30 })).rejects.toThrow('30 ms in vain for a comet')
  const never = new Promise<true>(() => undefined)
  await expect(waitFor('an echo', () => never, { deadlineMs: 30 })).rejects.toThrow('an echo')
})

test('passes on an error of the condition at once', async () => {
  const fail = () => Promise.reject(new Error('broken'))
  await expect(waitFor('nothing', fail)).rejects.toThrow('broken')
})
