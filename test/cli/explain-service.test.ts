import { beforeEach, expect, test } from 'vitest'
import { accepted, deliver } from '../db/delivery.ts'
import { reminders } from '../db/reminders.ts'
import { pauseUntil } from '../db/status.ts'
import type { Database } from '../support/database.ts'
import { addMentor, type Mentor, moveExpiryDate, nightly, only, setClock, setStatus } from '../support/people.ts'
import { runToEnd } from './ending.ts'
import { explain, openMarch, someTime, type Told } from './explaining.ts'
import { holdExpiries } from './holding.ts'

let database: Database
let organisation: string
beforeEach(async () => {
  ;({ database, organisation } = await openMarch())
  await database.query(`update expiry.organisations set slug = 'fjord'`)
  return () => database[Symbol.asyncDispose]()
})

const add = (expiryDate = '2026-12-31') => addMentor(database, { organisation, expiryDate })
const first = (mentors: Mentor[]) => only(mentors.slice(0, 1))

async function lapse(mentor: Mentor): Promise<Mentor> {
  await setClock(database, '2027-01-01T12:00:00Z')
  await nightly(database)
  return mentor
}

const statuses: Told[] = [
  {
    name: 'an active mentor',
    life: () => add(),
    says: [
      'Website        may show the mentor\n',
      'leaves service on 2027-01-01, at the first tick after local midnight, unless a later date is recorded before',
    ],
  },
  {
    name: 'an active mentor without certification',
    life: () => addMentor(database, { organisation }),
    says: [
      'Website        may not show the mentor: there is no certification',
      'no date is on record that could run out: the mentor keeps the status',
    ],
  },
  {
    name: 'a pause that ends before the certification does',
    life: async () => {
      const mentor = await add()
      await pauseUntil(database, mentor, '2026-05-01')
      return mentor
    },
    says: [
      'Website        may not show the mentor: the mentor is paused',
      new RegExp(`^ {2}${someTime} {2}active → paused: the status was changed directly, by \\w+$`, 'm'),
      /back from the pause on 2026-05-01, at the first tick after local midnight\n {2}leaves service on 2027-01-01/,
    ],
  },
  {
    name: 'a pause that ends after the certification does',
    life: async () => {
      const mentor = await add()
      await pauseUntil(database, mentor, '2027-05-01')
      return mentor
    },
    says: [
      /leaves service on 2027-01-01, .*\n {2}the pause would end on 2027-05-01, after the certification has expired/,
    ],
  },
  {
    name: 'a pause without an end',
    life: async () => {
      const mentor = await add()
      await setStatus(database, mentor, 'paused')
      return mentor
    },
    says: ['the pause has no end: a person ends it'],
  },
  {
    name: 'a mentor whose date ran out',
    life: async () => lapse(await add()),
    says: [
      'Website        may not show the mentor: the certification has expired, and the mentor is out of service',
      /active → certification_expired: the certification expired, by the night \(run \d+\)/,
      /Messages about service\n {2}out of service, expired 2026-12-31 \(lapsed\)\n {4}\d+: pending/,
      'a valid date brings the mentor back into service the moment it is recorded',
    ],
  },
  {
    name: 'a mentor whose date ran out during a pause',
    life: async () => {
      const mentor = await add()
      await pauseUntil(database, mentor, '2027-05-01')
      return lapse(mentor)
    },
    says: [
      /paused → certification_expired: the certification expired/,
      'brings the mentor back the moment it is recorded, to the pause that still holds until 2027-05-01',
    ],
  },
  {
    name: 'a mentor who never was to be seen',
    life: async () => {
      const mentor = await addMentor(database, { organisation, expiryDate: '2026-02-01' })
      return mentor
    },
    says: [/Messages about service\n {2}none: the mentor could not be seen on the website before, so nobody is told/],
  },
  {
    name: 'a mentor who was renewed',
    life: async () => {
      const mentor = await lapse(await add())
      await deliver(database, await reminders(database, mentor), accepted)
      await moveExpiryDate(database, mentor, '2028-12-31')
      return mentor
    },
    says: [
      'Website        may show the mentor\n',
      /certification_expired → active: the certification is valid again, by \w+/,
      /out of service, expired 2026-12-31 \(lapsed\)\n {4}\d+: sent to/,
      /valid again until 2028-12-31 \(restored\)\n {4}\d+: pending/,
    ],
  },
  {
    name: 'an inactive mentor',
    life: async () => {
      const mentor = await add()
      await database.query(
        `select expiry.transition_mentor_status($1, 'active', 'inactive', 'has moved to Bergen', 'kari')`,
        [mentor.id],
      )
      return mentor
    },
    says: [
      'Website        may not show the mentor: the mentor is inactive',
      'active → inactive: has moved to Bergen, by kari',
      'the mentor stays inactive until a person changes that',
    ],
  },
]

const brakes: Told[] = [
  {
    name: 'held',
    life: async () => first(await holdExpiries(database, organisation)),
    says: [
      'Status         active',
      'Website        may show the mentor\n',
      new RegExp(
        `Brake {10}held: the date was moved to 2026-02-01 on ${someTime}, .*; the date last admitted, 2026-12-31, stands`,
      ),
      '`mentor-expiry approve-expiry fjord` or `mentor-expiry reject-expiry fjord`',
      'leaves service on 2027-01-01',
    ],
  },
  {
    name: 'held after the certification was taken away',
    life: async () => {
      const mentors = await holdExpiries(database, organisation)
      await database.query('delete from expiry.certifications where mentor_id = $1', [first(mentors).id])
      return first(mentors)
    },
    says: [/held: the certification was taken away on /, 'leaves service on 2027-01-01'],
  },
  {
    name: 'rejected',
    life: async () => {
      const mentors = await holdExpiries(database, organisation)
      await database.query(`select expiry.reject_expiries($1, 'kari')`, [organisation])
      return first(mentors)
    },
    says: [/Brake {10}rejected by kari: .*; `mentor-expiry approve-expiry fjord` still lets it take effect/],
  },
  {
    name: 'approved',
    life: async () => {
      const mentors = await holdExpiries(database, organisation)
      await database.query(`select expiry.approve_expiries($1, 'kari')`, [organisation])
      return first(mentors)
    },
    says: [
      /Brake {10}approved by kari: the date was moved to 2026-02-01 on .*, and counts/,
      /active → certification_expired: the date of the certification was moved into the past, or taken away, by kari/,
    ],
  },
  {
    name: 'admitted',
    life: async () => {
      const mentor = await add()
      await moveExpiryDate(database, mentor, '2026-02-01')
      return mentor
    },
    says: [/Brake {10}admitted: the date was moved to 2026-02-01 on .*, with few enough others, and counts/],
  },
  {
    name: 'undecided',
    life: async () => {
      const other = await database.connect()
      await other.query('begin')
      await other.query('select pg_advisory_xact_lock(7236004, hashtext($1))', [organisation])
      const mentor = await add()
      await moveExpiryDate(database, mentor, '2026-02-01')
      return mentor
    },
    says: [
      'Status         active',
      /Brake {10}undecided: the date was moved to 2026-02-01 on .*; the next sweep judges this one, and until then/,
    ],
  },
]

test.each(statuses)('$name is told: status, changes, messages, what comes next', async ({ life, says }) => {
  const text = await explain(database, await life())
  for (const words of says) expect(text).toMatch(words)
})

test.each(brakes)('an expiry that is $name is told, and what a person can do', async ({ life, says }) => {
  const text = await explain(database, await life())
  for (const words of says) expect(text).toMatch(words)
})

test('a status that the facts have overtaken is told to change at the next sweep', async () => {
  const mentor = await add()
  await setClock(database, '2027-01-01T12:00:00Z')
  const text = await explain(database, mentor)
  expect(text).toContain('may not show the mentor: the certification has expired: 2027-01-01 is after 2026-12-31')
  expect(text).toContain('the status becomes certification_expired at the next sweep of a listener, or by the night')
})

test('a machine is told the same', async () => {
  const [mentor] = await holdExpiries(database, organisation)
  const { code, output } = await runToEnd(database, ['explain', `fjord/${mentor === undefined ? '' : 'M-1'}`, '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(output)).toMatchObject({
    standing: { wantedStatus: 'active', date: '2026-12-31', leavesOn: '2027-01-01', isVisible: true },
    brake: { verdict: 'held', recordedDate: '2026-02-01', admittedDate: '2026-12-31', decidedBy: null },
    transitions: [],
    words: {
      website: 'may show the mentor',
      brake: expect.stringMatching(/^held/),
      service: [expect.stringMatching(/^leaves/)],
    },
  })
})
