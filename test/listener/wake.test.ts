import { expect, test } from 'vitest'
import { openWake } from '../../services/listener/wake.ts'

const never = new AbortController().signal
const row = { key: 1, version: 0, priority: 30 }

/** One that waits for its next ring. */
async function openWaiting() {
  const wake = openWake()
  await wake.next(never) // it has been rung once
  return { wake, next: wake.next(never) }
}

test('whoever waits hears which row has rung', async () => {
  const { wake, next } = await openWaiting()
  wake.ring(row)
  expect(await next).toEqual(row)
})

test('a ring that follows at once is kept for the next wait', async () => {
  const { wake, next } = await openWaiting()
  wake.ring(row)
  wake.ring({ ...row, key: 2 })
  wake.ring()
  expect(await next).toEqual(row)
  expect(await wake.next(never)).toBeUndefined()
  const after = wake.next(never)
  wake.ring(row)
  expect(await after).toEqual(row)
})

test('a row that rings while nobody waits is not told: what is more urgent may have rung as well', async () => {
  const wake = openWake()
  wake.ring(row)
  expect(await wake.next(never)).toBeUndefined()
})

test('an abort answers', async () => {
  const stop = new AbortController()
  const wake = openWake()
  await wake.next(stop.signal)
  const next = wake.next(stop.signal)
  stop.abort()
  expect(await next).toBeUndefined()
})
