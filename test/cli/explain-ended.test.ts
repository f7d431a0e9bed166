import { beforeEach, expect, test } from 'vitest'
import type { ChannelAnswer } from '../../contracts/delivery.ts'
import { deliver, rejected, uncertain } from '../db/delivery.ts'
import { reminders } from '../db/reminders.ts'
import type { Database } from '../support/database.ts'
import {
  addMentor,
  type Mentor,
  type MentorOptions,
  moveExpiryDate,
  nightly,
  setClock,
  setStatus,
} from '../support/people.ts'
import { explain, openMarch, someTime, type Told } from './explaining.ts'

let database: Database
let organisation: string
beforeEach(async () => {
  ;({ database, organisation } = await openMarch())
  return () => database[Symbol.asyncDispose]()
})

const add = (options: Partial<MentorOptions> = {}) => addMentor(database, { organisation, daysLeft: 20, ...options })
const answer = async (mentor: Mentor, given: ChannelAnswer, policy?: { retryFor: number }) =>
  deliver(database, await reminders(database, mentor), given, policy)

const notSent: Told[] = [
  {
    name: 'failed no_recipient',
    life: () => add({ coordinator: null }),
    says: [
      'Recipient      nobody: there is no coordinator, and the organisation has no fallback_email',
      ': failed (no_recipient): there was nobody to send it to',
      'the 30-day reminder goes out by itself as soon as the mentor has a coordinator with an address',
    ],
  },
  {
    name: 'failed rejected',
    life: async () => {
      const mentor = await add()
      await answer(mentor, rejected)
      await setStatus(database, mentor, 'paused')
      return mentor
    },
    says: [
      'Status         paused: eligible for reminders all the same',
      /: failed \(rejected\): it was refused for good; it was for coordinator-\d+@example.org/,
      /attempt 1, .*: refused for good \(smtp_550, the mail server refused it\)/,
      'the 14-day reminder',
    ],
  },
  {
    name: 'failed rejected, the last of its date',
    life: async () => {
      const mentor = await add({ daysLeft: 5 })
      await answer(mentor, rejected)
      return mentor
    },
    says: [
      /no more reminders about this date: the 7-day reminder was refused for .*tried again when the recipient changes, or by `mentor-expiry retry \d+`/,
    ],
  },
  {
    name: 'failed attempts_exhausted',
    life: async () => {
      const mentor = await add()
      await answer(mentor, uncertain, { retryFor: 0 })
      return mentor
    },
    says: [
      ': failed (attempts_exhausted): it was put off, or left unanswered, for longer than RETRY_FOR allows',
      /may or may not have been taken \(timeout, no answer before our own deadline\)/,
      /is tried again by the night of 2026-03-02; `mentor-expiry retry \d+` does it at once/,
    ],
  },
  {
    name: 'superseded renewed',
    life: async () => {
      const mentor = await add()
      await moveExpiryDate(database, mentor, '2027-03-31')
      return mentor
    },
    says: [
      'valid through 2027-03-31: 395 days left',
      new RegExp(`${someTime} {2}entered with the date 2026-03-21`),
      new RegExp(`${someTime} {2}moved from 2026-03-21 to 2027-03-31, by postgres`),
      'Other reminders\n  30 days before 2026-03-21 (notice)\n',
      ': withdrawn (renewed): the certification was renewed',
      'is made by the night of 2027-03-01',
    ],
  },
  {
    name: 'superseded date_moved',
    life: async () => {
      const mentor = await add()
      await moveExpiryDate(database, mentor, '2026-03-20')
      return mentor
    },
    says: [
      'Reminders about 2026-03-20\n  30 days before',
      ': withdrawn (date_moved): the date of the certification was moved back',
    ],
  },
  {
    name: 'superseded lapsed',
    life: async () => {
      const mentor = await add({ daysLeft: 0 })
      await setClock(database, '2026-03-02T12:00:00Z')
      await nightly(database)
      return mentor
    },
    says: [
      'valid through 2026-03-01: expired 1 day ago',
      ': withdrawn (lapsed): the certification expired before it was sent',
      'no reminder: the certification expired on 2026-03-01; a new date begins a new round of reminders',
    ],
  },
  {
    name: 'superseded not_eligible',
    life: async () => {
      const mentor = await add()
      await setStatus(database, mentor, 'inactive')
      return mentor
    },
    says: [
      'Status         inactive: not eligible for reminders',
      ': withdrawn (not_eligible): the mentor was no longer active or paused',
      '    none, as long as the mentor is inactive',
      '  no reminder, as long as the mentor is inactive',
    ],
  },
  {
    name: 'superseded tighter_reminder',
    life: async () => {
      const mentor = await add({ daysLeft: 15 })
      await setClock(database, '2026-03-02T12:00:00Z')
      await nightly(database)
      return mentor
    },
    says: [
      ': withdrawn (tighter_reminder): a more urgent reminder took its place',
      '14 days before (warning): from 2026-03-02 to 2026-03-08\n',
    ],
  },
]

test.each(notSent)('a reminder that is $name is told with its reason and what comes next', async ({ life, says }) => {
  const text = await explain(database, await life())
  for (const words of says) expect(text).toMatch(words)
})
