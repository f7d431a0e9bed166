import { beforeEach, expect, test } from 'vitest'
import type { Database } from '../support/database.ts'
import { addMentor, type Mentor, moveExpiryDate, only, setClock } from '../support/people.ts'
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
      'Website        may show the mentor; but the organisation is not on it (portal_enabled)\n',
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
      'valid through 2026-12-31: 305 days left; it was taken away, which does not count: see Brake',
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

/** Five mentors whose date, nine days ahead, one statement moves into the past; their 14-day reminders had been made. */
async function heldAmidReminders(): Promise<Mentor> {
  const mentors: Mentor[] = []
  for (let n = 0; n < 5; n += 1) mentors.push(await add('2026-03-10'))
  await database.query(`update expiry.certifications set created_at = '2026-02-26'`)
  await database.query(`update expiry.certifications set expiry_date = '2026-02-01'`)
  return first(mentors)
}

const amidReminders: (Told & { neverSays: string })[] = [
  {
    name: 'moved earlier, and held',
    life: heldAmidReminders,
    says: [
      'valid through 2026-03-10: 9 days left; 2026-02-01 is recorded, and does not count',
      /^Reminders about 2026-03-10, the date last admitted$/m,
      /30 days before \(notice\): from 2026-02-08 to 2026-02-23\n {4}none: this date was entered on 2026-02-26, after its days\n/,
      /14 days before \(warning\): from 2026-02-24 to 2026-03-02\n {4}\d+: pending/,
      /7 days before \(urgent\): from 2026-03-03 to 2026-03-10\n {4}not yet: its days begin on 2026-03-03\n/,
      'the 7-day reminder to',
    ],
    neverSays: 'Other reminders',
  },
  {
    name: 'moved again while it is held, later but not far enough',
    life: async () => {
      const mentor = await heldAmidReminders()
      await moveExpiryDate(database, mentor, '2026-02-20')
      return mentor
    },
    says: ['2026-02-20 is recorded, and does not count', /^Reminders about 2026-03-10, the date last admitted$/m],
    neverSays: 'Other reminders',
  },
  {
    name: 'corrected to a later date, which counts',
    life: async () => {
      const mentor = await heldAmidReminders()
      await moveExpiryDate(database, mentor, '2026-06-30')
      return mentor
    },
    says: [
      /^Certification {2}valid through 2026-06-30: 121 days left$/m,
      /^Reminders about 2026-06-30$/m,
      /Other reminders\n {2}14 days before 2026-03-10 \(warning\)\n {4}\d+: withdrawn \(renewed\)/,
    ],
    neverSays: 'Brake',
  },
  {
    name: 'taken away, and held',
    life: async () => {
      const mentor = await heldAmidReminders()
      await database.query('update expiry.reminder_dispatch_log set certification_id = null')
      await database.query('delete from expiry.certifications where mentor_id = $1', [mentor.id])
      return mentor
    },
    says: [
      'valid through 2026-03-10: 9 days left; it was taken away, which does not count',
      /^Reminders about 2026-03-10, the date last admitted$/m,
      'none: the 14-day reminder had been made, and a looser one never follows it',
      /14 days before .*\n {4}\d+: pending/,
    ],
    neverSays: 'Other reminders',
  },
  {
    name: 'refused by a person',
    life: async () => {
      const mentor = await heldAmidReminders()
      await database.query(`select expiry.reject_expiries($1, 'kari')`, [organisation])
      return mentor
    },
    says: [/^Reminders about 2026-03-10, the date last admitted$/m, /14 days before .*\n {4}\d+: pending/],
    neverSays: 'Other reminders',
  },
  {
    name: 'approved by a person',
    life: async () => {
      const mentor = await heldAmidReminders()
      await database.query(`select expiry.approve_expiries($1, 'kari')`, [organisation])
      return mentor
    },
    says: [
      /^Certification {2}valid through 2026-02-01: expired 28 days ago$/m,
      /^Reminders about 2026-02-01$/m,
      /Other reminders\n {2}14 days before 2026-03-10 \(warning\)\n {4}\d+: withdrawn \(date_moved\)/,
      'no reminder: the certification expired on 2026-02-01',
    ],
    neverSays: 'the date last admitted',
  },
  {
    name: 'held until the date last admitted has run out',
    life: async () => {
      const mentor = await heldAmidReminders()
      await setClock(database, '2026-03-11T12:00:00Z')
      return mentor
    },
    says: [
      /the status becomes certification_expired/,
      'no reminder: the certification expired on 2026-03-10',
      /the message that the mentor is out of service is made .* on 2026-03-11/,
    ],
    neverSays: 'no certification is on record',
  },
]

test.each(amidReminders)(
  'of reminders about a date that was $name the account is by the date that counts',
  async (told) => {
    const text = await explain(database, await told.life())
    for (const words of told.says) expect(text).toMatch(words)
    expect(text).not.toContain(told.neverSays)
  },
)

test('a machine is told the same', async () => {
  const [mentor] = await holdExpiries(database, organisation)
  const { code, output } = await runToEnd(database, ['explain', `fjord/${mentor === undefined ? '' : 'M-1'}`, '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(output)).toMatchObject({
    standing: { wantedStatus: 'active', date: '2026-12-31', leavesOn: '2027-01-01', isVisible: true },
    brake: { verdict: 'held', recordedDate: '2026-02-01', admittedDate: '2026-12-31', decidedBy: null },
    transitions: [],
    words: {
      website: expect.stringMatching(/^may show the mentor/),
      brake: expect.stringMatching(/^held/),
      service: [expect.stringMatching(/^leaves/)],
    },
  })
})
