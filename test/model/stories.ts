import fc from 'fast-check'
import { inTurn } from './command.ts'
import { beginSome, finishSome, rescueAll } from './delivery-commands.ts'
import { setStatus } from './edit-commands.ts'
import { addMentor, moveOrganisation, ZONES } from './people-commands.ts'
import { removeThreshold } from './threshold-commands.ts'
import { liveDays, liveHours } from './time-commands.ts'

const index = fc.nat(1000)
const several = fc.array(index, { minLength: 1, maxLength: 5 })

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
  /** An organisation moves, and a tick finds another day there. */
  anotherDay: fc
    .tuple(index, fc.constantFrom(...ZONES), fc.integer({ min: 1, max: 3 }))
    .map(([at, zone, hours]) => inTurn([moveOrganisation(at, zone), liveHours(hours)])),
}
