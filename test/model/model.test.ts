import fc from 'fast-check'
import { test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { modelAndProductAgree } from './life.ts'
import { openReal } from './real.ts'

/**
 * MODEL_RUNS lives at most, for MODEL_SECONDS at most; finding the shortest life that fails counts as well. The same lives
 * each time, so that a red run is about the change under test; another MODEL_SEED explores others. A failure is
 * repeated by the `seed` and `path` of its report as MODEL_SEED and MODEL_PATH, and its `replayPath` as MODEL_REPLAY.
 */
const { MODEL_RUNS = '40', MODEL_SECONDS = '45', MODEL_SEED = '20261125', MODEL_PATH, MODEL_REPLAY } = process.env

test('everybody’s status and the log are what a plain model of the rules says, whatever happens over the years', {
  timeout: (Number(MODEL_SECONDS) + 60) * 1000,
}, async () => {
  await using database = await freshDatabase()
  const real = await openReal(database)
  await fc.assert(modelAndProductAgree({ real, ...(MODEL_REPLAY === undefined ? {} : { replayPath: MODEL_REPLAY }) }), {
    numRuns: Number(MODEL_RUNS),
    interruptAfterTimeLimit: Number(MODEL_SECONDS) * 1000,
    seed: Number(MODEL_SEED),
    ...(MODEL_PATH === undefined ? {} : { path: MODEL_PATH }),
  })
})
