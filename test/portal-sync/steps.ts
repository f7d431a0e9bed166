import fc from 'fast-check'
import type { Fault } from '../../simulator/faults/fault.ts'
import type { MentorStatus } from '../support/people.ts'

/** In each life. */
export const mentors = 20
export const contacts = 24

const late: Fault['act'] = { kind: 'late', seconds: 1.5 }
const slow: Fault['act'] = { kind: 'slow', milliseconds: 300 }

/** Mishaps of the portal, each of which strikes once or more. */
const acts: readonly Fault['act'][] = [
  { kind: 'page', status: 503, title: 'Down', headers: {}, committed: false },
  { kind: 'page', status: 504, title: 'Late', headers: {}, committed: true },
  { kind: 'cut', when: 'at_once' },
  { kind: 'cut', when: 'committed' },
  { kind: 'cut', when: 'body' },
  late,
  late,
  { kind: 'hang' },
  slow,
  { kind: 'dataverse', error: 'request_limit', retryAfter: '1', committed: false },
  { kind: 'dataverse', error: 'bad_payload', committed: false },
  { kind: 'dataverse', error: 'no_privilege', committed: false },
  { kind: 'answer', status: 401, headers: {}, body: '', committed: false },
]

/** What may happen next. */
export type Step =
  | { kind: 'status'; mentor: number; status: MentorStatus }
  | { kind: 'date'; mentor: number; days: number }
  | { kind: 'key'; mentor: number; contact: number | null }
  | { kind: 'fault'; act: Fault['act']; times: number; method: 'GET' | 'PATCH' }
  | { kind: 'office'; contact: number; edit: 'presentation' | 'visible' | 'deleted' }
  | { kind: 'edited_meanwhile'; contact: number }
  /** A status that changes while triggers are switched off: only the night notices. */
  | { kind: 'unnoticed'; mentor: number; status: MentorStatus }
  /** A person goes, and is taken out of both systems. */
  | { kind: 'leaves'; mentor: number }
  /** A change whose write takes long, or longer than anybody waits for it, and that is taken back meanwhile; the writer may be killed. */
  | { kind: 'regret'; mentor: number; act: Fault['act']; isKilled: boolean }
  | { kind: 'night' }
  | { kind: 'person'; mentor: number }
  | { kind: 'kill' }
  | { kind: 'wait' }

const mentor = fc.nat(mentors - 1)
const contact = fc.nat(contacts - 1)
const status = fc.constantFrom<MentorStatus[]>('active', 'paused', 'inactive')
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('status' as const), mentor, status }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unnoticed' as const), mentor, status }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('date' as const), mentor, days: fc.constantFrom(-1, 0, 1, 400) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('key' as const), mentor, contact: fc.option(contact) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      act: fc.constantFrom(...acts),
      times: fc.integer({ min: 1, max: 3 }),
      method: fc.constantFrom('GET', 'PATCH', 'PATCH'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('office' as const),
      contact,
      edit: fc.constantFrom('presentation', 'visible', 'deleted'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('edited_meanwhile' as const), contact }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('leaves' as const), mentor }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('regret' as const),
      mentor,
      act: fc.constantFrom(slow, late),
      isKilled: fc.constantFrom(true, false, false, false),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('night' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('person' as const), mentor }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait' as const) }) },
)
/** Many at once, so that one life meets many interleavings: most of its time is the recovery. */
export const steps = fc.array(step, { minLength: 30, maxLength: 80, size: 'max' })
