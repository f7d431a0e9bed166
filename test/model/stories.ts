import fc from 'fast-check'
import { decideHeld } from './brake-commands.ts'
import { inTurn } from './command.ts'
import { beginSome, finishSome, rescueAll } from './delivery-commands.ts'
import { type Import, importDates } from './edit-commands.ts'
import { addMentor, index, moveOrganisation, several, ZONES } from './people-commands.ts'
import { setStatus } from './status-commands.ts'
import { removeThreshold } from './threshold-commands.ts'
import { liveDays, liveHours } from './time-commands.ts'

const EVERYBODY = Array.from({ length: 14 }, (_, at) => at)

/** What chance alone brings about too seldom. */
export const stories = {
  /** A sender falls silent, another takes over, and the first comes back with its answer. */
  twoSenders: fc
    .tuple(several, index, fc.constantFrom('accepted', 'rejected', 'failed'))
    .map(([which, first, answer]) =>
      inTurn([
        beginSome(which, 'waiting', true),
        rescueAll(),
        beginSome(which, 'waiting', false),
        finishSome([first], [answer]),
      ]),
    ),
  /** A reminder waits, gives way to a tighter one, and that one's threshold goes while everybody is out of the programme. */
  awayMeanwhile: fc
    .tuple(index, fc.constantFrom(32, 16, 9), fc.option(index, { freq: 2 }), index)
    .map(([at, left, scope, threshold]) =>
      inTurn([
        addMentor(at, at, 'active', left),
        liveDays({ days: 3, missedNights: [], servicesRun: false }),
        setStatus(EVERYBODY, 'inactive'),
        removeThreshold(scope, threshold),
        setStatus(EVERYBODY, 'active'),
      ]),
    ),
  /** A wrong file comes in, some days pass, everybody is away for a moment or not, and a person decides or the right file follows. */
  wrongFile: fc
    .tuple(
      index,
      fc.constantFrom<Import['days']>(-400, -2, 'none'),
      fc.boolean(),
      fc.nat(3),
      fc.boolean(),
      fc.constantFrom('approve', 'reject', 'former'),
    )
    .map(([at, days, isBulk, meanwhile, areAway, end]) =>
      inTurn([
        importDates({ at, days, isBulk }),
        liveDays({ days: meanwhile, missedNights: [], servicesRun: true }),
        ...(areAway ? [setStatus(EVERYBODY, 'inactive'), setStatus(EVERYBODY, 'active')] : []),
        end === 'former' ? importDates({ at, days: 'former', isBulk }) : decideHeld(at, end),
        liveHours(1),
      ]),
    ),
  /** An organisation moves, and a tick finds another day there. */
  anotherDay: fc
    .tuple(index, fc.constantFrom(...ZONES), fc.integer({ min: 1, max: 3 }))
    .map(([at, zone, hours]) => inTurn([moveOrganisation(at, zone), liveHours(hours)])),
}
