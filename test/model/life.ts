import fc from 'fast-check'
import { lives } from './commands.ts'
import { type Real, resetReal } from './real.ts'
import { emptyModel } from './state.ts'

/** Where lives begin: before leap days, changes of summer time, turns of the year. */
const BEGINNINGS = [
  '2026-01-01T12:00:00Z',
  '2026-03-28T23:30:00Z',
  '2026-10-24T22:15:00Z',
  '2027-12-31T09:45:00Z',
  '2028-02-27T18:00:00Z',
]

/** Lives random lives in the product and in the model; both must say the same at every step. */
export function modelAndProductAgree({
  real,
  maxCommands = 120,
  replayPath,
}: {
  real: Real
  maxCommands?: number
  replayPath?: string
}) {
  const beginnings = fc.constantFrom(...BEGINNINGS).map((instant) => Date.parse(instant))
  const later = lives({ maxCommands, ...(replayPath === undefined ? {} : { replayPath }) })
  return fc.asyncProperty(beginnings, later, async (now, [founders, commands]) => {
    await resetReal(real, now)
    const thresholds = real.delivered.map(({ threshold }) => threshold)
    const model = emptyModel(now, thresholds)
    await fc.asyncModelRun(() => ({ model, real }), [...founders, ...commands])
  })
}
