import fc, { type Arbitrary } from 'fast-check'
import { brake } from './brake-commands.ts'
import type { Command } from './command.ts'
import { deliveries } from './delivery-commands.ts'
import { edits } from './edit-commands.ts'
import { newcomers } from './people-commands.ts'
import { recipients } from './recipient-commands.ts'
import { statusChanges } from './status-commands.ts'
import { stories } from './stories.ts'
import { thresholdChanges } from './threshold-commands.ts'
import { times } from './time-commands.ts'

/** How often each kind of event happens, relative to the others. */
const WEIGHTED: [number, Arbitrary<Command>][] = [
  [2, newcomers.organisation],
  [2, newcomers.coordinator],
  [7, newcomers.mentor],
  [7, edits.dates],
  [1, edits.removal],
  [2, edits.import],
  [3, statusChanges.plain],
  [2, statusChanges.pause],
  [3, statusChanges.asked],
  [2, brake.decision],
  [1, brake.limit],
  [2, recipients.assignment],
  [2, recipients.coordinator],
  [1, recipients.fallback],
  [1, thresholdChanges.added],
  [2, thresholdChanges.removed],
  [1, thresholdChanges.changed],
  [1, thresholdChanges.flag],
  [2, times.gap],
  [1, times.hours],
  [7, times.days],
  [2, times.night],
  [2, deliveries.claim],
  [4, deliveries.begin],
  [4, deliveries.finish],
  [2, deliveries.everything],
  [3, deliveries.mixed],
  [2, deliveries.rescue],
  [1, deliveries.lostJobs],
  [1, deliveries.byHand],
  [3, stories.twoSenders],
  [1, stories.awayMeanwhile],
  [2, stories.wrongFile],
  [1, stories.anotherDay],
]

const all = WEIGHTED.flatMap(([weight, kind]) => Array.from({ length: weight }, () => kind))

/** Who is there when a life begins. */
const founders = fc
  .tuple(
    fc.array(newcomers.organisation, { minLength: 1, maxLength: 3 }),
    fc.array(newcomers.coordinator, { minLength: 1, maxLength: 4 }),
    fc.array(newcomers.mentor, { minLength: 3, maxLength: 10 }),
  )
  .map((kinds) => kinds.flat())

/** Some founders, and what happens afterwards. @param replayPath fast-check's, from the report of a failure. */
export function lives({
  maxCommands,
  replayPath,
}: {
  maxCommands: number
  replayPath?: string
}): Arbitrary<[Command[], Iterable<Command>]> {
  const afterwards = fc.commands(all, { maxCommands, size: 'max', ...(replayPath === undefined ? {} : { replayPath }) })
  return fc.noBias(fc.tuple(founders, afterwards))
}
