import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openPlace } from './interleaving.ts'
import { openStage } from './stage.ts'
import { steps } from './steps.ts'

/** The same lives each time, for so many seconds; other values explore. A failure is repeated by its seed. */
const { PORTAL_SEED = '20261125', PORTAL_SECONDS = '60' } = process.env

test('whatever happens, in whatever order, the portal ends as desired, and nobody was impatient, created or touched what is not ours', {
  timeout: (Number(PORTAL_SECONDS) + 240) * 1_000,
}, async () => {
  await using stage = await openStage()
  const place = await openPlace(stage)
  let lives = 0
  await fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      await place.live(taken)
      lives += 1
    }),
    {
      seed: Number(PORTAL_SEED),
      interruptAfterTimeLimit: Number(PORTAL_SECONDS) * 1_000,
      numRuns: 10_000,
      // A life takes seconds: a failure is read as it is, with its journal, rather than made smaller.
      endOnFailure: true,
    },
  )
  expect(lives).toBeGreaterThan(0)
})
