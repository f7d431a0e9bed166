import { beforeEach, expect, test } from 'vitest'
import type { Database } from '../support/database.ts'
import { addMentor, type Mentor, moveExpiryDate, only } from '../support/people.ts'
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

const brakes: Told[] = [
  {
    name: 'held',
    life: async () => first(await holdExpiries(database, organisation)),
    says: [
      'Status         active',
      'Website        may show the mentor\n',
      'Certification  valid through 2026-12-31: 305 days left; 2026-02-01 is recorded, and does not count: see Brake\n',
      /What comes next\n {2}leaves service on 2027-01-01.*\n {2}the 30-day reminder to \S+ is made by the night of 2026-12-01/,
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
    says: [
      /held: the certification was taken away on /,
      'valid through 2026-12-31: 305 days left; none is recorded, and does not count',
      'leaves service on 2027-01-01',
      'the 30-day reminder',
    ],
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

test.each(brakes)('an expiry that is $name is told, and what a person can do', async ({ life, says }) => {
  const text = await explain(database, await life())
  for (const words of says) expect(text).toMatch(words)
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
