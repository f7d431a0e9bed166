import { beforeEach, expect, test } from 'vitest'
import { accepted, deliver } from '../db/delivery.ts'
import { settleRechecks } from '../db/race.ts'
import { reminders } from '../db/reminders.ts'
import { pauseUntil, statusOf } from '../db/status.ts'
import type { Database } from '../support/database.ts'
import { addMentor, type Mentor, moveExpiryDate, nightly, setClock, setStatus } from '../support/people.ts'
import { explain, openMarch, someTime, type Told } from './explaining.ts'

let database: Database
let organisation: string
beforeEach(async () => {
  ;({ database, organisation } = await openMarch())
  await database.query(`update expiry.organisations set slug = 'fjord'`)
  return () => database[Symbol.asyncDispose]()
})

const add = (expiryDate = '2026-12-31') => addMentor(database, { organisation, expiryDate })

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
      'Website        may show the mentor; but the organisation is not on it (portal_enabled)\n',
      'leaves service on 2027-01-01, at the first tick after local midnight, unless a later date is recorded before',
      /the message that the mentor is out of service is made when the mentor leaves service, and goes to coordinator-\d+@example.org on 2027-01-01$/m,
    ],
  },
  {
    name: 'an active mentor of an organisation with sending hours, who was reminded of all',
    life: async () => {
      await database.query(`update expiry.organisations set send_from = '08:00', send_until = '16:00'`)
      const mentor = await add('2026-03-05')
      await deliver(database, await reminders(database, mentor), accepted)
      return mentor
    },
    says: [
      /no more reminders about this date: .*\n.* is made when the mentor leaves service, and goes to \S+ on 2026-03-06, from 08:00, when the sending hours begin$/m,
    ],
  },
  {
    name: 'an active mentor of whom nobody can be told',
    life: () => addMentor(database, { organisation, expiryDate: '2026-12-31', coordinator: null }),
    says: [
      'the message that the mentor is out of service would fail on 2027-01-01: give the mentor a coordinator with an address',
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
    says: [
      'the pause has no end: a person ends it',
      'the message that the mentor is out of service is made when the mentor leaves service, and goes to',
    ],
  },
  {
    name: 'a pause without an end, which there has been from the beginning',
    life: () => addMentor(database, { organisation, expiryDate: '2026-12-31', status: 'paused' }),
    says: ['nobody is told when the mentor leaves service: the mentor cannot have been seen on the website before'],
  },
  {
    name: 'a mentor of whom was told before the organisation moved westwards',
    life: async () => {
      await database.query(`update expiry.organisations set time_zone = 'Pacific/Kiritimati'`)
      const mentor = await add('2026-03-02')
      await setClock(database, '2026-03-02T11:00:00Z')
      await nightly(database)
      await deliver(database, await reminders(database, mentor), accepted)
      await database.query(`update expiry.organisations set time_zone = 'Pacific/Honolulu'`)
      await nightly(database)
      return mentor
    },
    says: ['the message that the mentor is out of service is not made again: there was one about this date'],
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
      'Website        may show the mentor; but the organisation is not on it (portal_enabled)\n',
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

test.each(statuses)('$name is told: status, changes, messages, what comes next', async ({ life, says }) => {
  const text = await explain(database, await life())
  for (const words of says) expect(text).toMatch(words)
})

test('a status that the facts have overtaken is told to change by the next night, which changes it', async () => {
  const mentor = await add()
  await setClock(database, '2027-01-01T12:00:00Z')
  const text = await explain(database, mentor)
  expect(text).toContain('may not show the mentor: the certification has expired: 2027-01-01 is after 2026-12-31')
  expect(text).toContain('the status becomes certification_expired by the next night\n')
  await settleRechecks(database)
  expect(await statusOf(database, mentor)).toBe('active')
  await nightly(database)
  expect(await statusOf(database, mentor)).toBe('certification_expired')
})

test('a pause that is over before the night has seen it is told to end, and then when the mentor leaves service', async () => {
  const mentor = await add()
  await pauseUntil(database, mentor, '2026-03-02')
  await setClock(database, '2026-03-02T12:00:00Z')
  expect(await explain(database, mentor)).toMatch(
    /the status becomes active by the next night\n {2}leaves service on 2027-01-01/,
  )
  await nightly(database)
  expect(await statusOf(database, mentor)).toBe('active')
})

test('one whose mentor somebody held when the facts changed is told to change at the next sweep, which changes it', async () => {
  const mentor = await lapse(await add())
  const host = await database.connect()
  await host.query('begin')
  await host.query('select from expiry.mentors where id = $1 for no key update', [mentor.id])
  await moveExpiryDate(database, mentor, '2028-12-31')
  const text = await explain(database, mentor)
  expect(text).toContain('the status becomes active within seconds, by the next sweep of a listener\n')
  await host.query('rollback')
  await settleRechecks(database)
  expect(await statusOf(database, mentor)).toBe('active')
})
