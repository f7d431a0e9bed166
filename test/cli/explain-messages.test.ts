import { beforeEach, expect, test } from 'vitest'
import type { ChannelAnswer } from '../../contracts/delivery.ts'
import { accepted, attemptsOf, claim, deliver, failed, type RetryPolicy, rejected } from '../db/delivery.ts'
import { reminders } from '../db/reminders.ts'
import type { Database } from '../support/database.ts'
import { addMentor, type Mentor, moveExpiryDate, nightly, setClock } from '../support/people.ts'
import { explain, openMarch, someTime, type Told } from './explaining.ts'

let database: Database
let organisation: string
beforeEach(async () => {
  ;({ database, organisation } = await openMarch())
  return () => database[Symbol.asyncDispose]()
})

/** A mentor whose certification has run out; the message about it is pending. */
async function lapsed(): Promise<Mentor> {
  const mentor = await addMentor(database, { organisation, expiryDate: '2026-12-31' })
  await setClock(database, '2027-01-01T12:00:00Z')
  await nightly(database)
  return mentor
}

const answer = async (mentor: Mentor, given: ChannelAnswer, policy?: RetryPolicy) =>
  deliver(database, await reminders(database, mentor), given, policy)

const outOfService = 'the message that the mentor is out of service'
const noReminder = /no reminder: the certification expired on 2026-12-31; a new date begins a new round of reminders/

const underWay: Told[] = [
  {
    name: 'pending',
    life: lapsed,
    says: [`${outOfService} to coordinator-\\d+@example.org is queued as soon as a listener runs`, noReminder],
  },
  {
    name: 'pending, until the sending hours begin',
    life: async () => {
      await database.query(`update expiry.organisations set send_from = '18:00', send_until = '21:00'`)
      return lapsed()
    },
    says: [`${outOfService} to .* goes out when the sending hours begin, ${someTime}`],
  },
  {
    name: 'pending, in a pause after an answer that may change',
    life: async () => {
      const mentor = await lapsed()
      await answer(mentor, failed)
      return mentor
    },
    says: [`${outOfService} to .* is tried again after ${someTime}`],
  },
  {
    name: 'queued',
    life: async () => {
      const mentor = await lapsed()
      await claim(database)
      return mentor
    },
    says: [`${outOfService} to .* is in the queue; a running notifier sends it`],
  },
  {
    name: 'sending',
    life: async () => {
      const mentor = await lapsed()
      await attemptsOf(database, await claim(database))
      return mentor
    },
    says: [`${outOfService} to .* is being sent; if the notifier does not report back by ${someTime}`],
  },
  {
    name: 'failed for want of a recipient',
    life: async () => {
      const mentor = await lapsed()
      await database.query('update expiry.coordinators set active = false')
      await attemptsOf(database, await claim(database))
      return mentor
    },
    says: [`${outOfService} goes out by itself as soon as the mentor has a coordinator with an address`],
  },
  {
    name: 'failed and tried again by the night',
    life: async () => {
      const mentor = await lapsed()
      await answer(mentor, failed, { retryFor: 0 })
      return mentor
    },
    says: [
      `${outOfService} to .* is tried again by the night of 2027-01-02; \`mentor-expiry retry \\d+\` does it at once`,
    ],
  },
  {
    name: 'refused',
    life: async () => {
      const mentor = await lapsed()
      await answer(mentor, rejected)
      return mentor
    },
    says: [`^ {2}${outOfService} was refused for .* It is tried again when the recipient changes`],
  },
  {
    name: 'about the return, and pending',
    life: async () => {
      const mentor = await lapsed()
      await answer(mentor, accepted)
      await moveExpiryDate(database, mentor, '2028-12-31')
      return mentor
    },
    says: [
      'the message that the certification is valid again to .* is queued as soon as a listener runs',
      'the 30-day reminder to .* is made by the night of 2028-12-01',
    ],
  },
]

test.each(underWay)('a message about service that is $name is what comes next, before the reminders', async (told) => {
  const text = await explain(database, await told.life())
  const next = text.slice(text.indexOf('What comes next'))
  for (const words of told.says) expect(next).toMatch(new RegExp(words, 'm'))
  expect(next).not.toContain('nothing')
})

test.each<[string, (mentor: Mentor) => Promise<unknown>]>([
  ['was sent', (mentor) => answer(mentor, accepted)],
  [
    'would be withdrawn at the send',
    () =>
      database.query(`alter table expiry.mentors disable trigger user; update expiry.mentors set status = 'inactive'`),
  ],
])('one that %s does not come any more', async (_, happen) => {
  const mentor = await lapsed()
  await happen(mentor)
  expect(await explain(database, mentor)).not.toContain(outOfService)
})
