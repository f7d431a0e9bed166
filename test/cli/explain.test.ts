import { beforeEach, expect, test } from 'vitest'
import type { ChannelAnswer } from '../../contracts/delivery.ts'
import { accepted, attemptsOf, claim, deliver, failed, rejected, uncertain } from '../db/delivery.ts'
import { reminders } from '../db/reminders.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import {
  addMentor,
  addOrganisation,
  type Mentor,
  type MentorOptions,
  moveExpiryDate,
  nightly,
  setClock,
  setStatus,
} from '../support/people.ts'
import { startService } from '../support/services.ts'
import { explain, type Told } from './explaining.ts'

const someTime = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d'

let database: Database
let organisation: string
beforeEach(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  organisation = await addOrganisation(database)
  await nightly(database)
  return () => database[Symbol.asyncDispose]()
})

const add = (options: Partial<MentorOptions> = {}) => addMentor(database, { organisation, daysLeft: 20, ...options })
const answer = async (mentor: Mentor, given: ChannelAnswer, policy?: { retryFor: number }) =>
  deliver(database, await reminders(database, mentor), given, policy)

const alive: Told[] = [
  {
    name: 'pending',
    life: () => add(),
    says: [
      '30 days before (notice): from 2026-02-19 to 2026-03-06',
      /^ {4}\d+: pending, to be queued$/m,
      /made on .* the moment that something changed/,
      /the 30-day reminder to coordinator-\d+@example.org is queued as soon as a listener runs/,
      '14 days before (warning): from 2026-03-07 to 2026-03-13\n    not yet: its days begin on 2026-03-07',
      'the 14-day reminder to coordinator',
      'is made by the night of 2026-03-07, when its days begin',
    ],
  },
  {
    name: 'pending, in a pause after an answer that may change',
    life: async () => {
      const mentor = await add()
      await answer(mentor, failed)
      return mentor
    },
    says: [
      new RegExp(`: pending, pausing until ${someTime} \\(smtp_451, the mail server asked to try again later\\)`),
      new RegExp(`attempt 1, email, ${someTime}: put off \\(smtp_451, the mail server asked to try again later\\)`),
      new RegExp(`is tried again after ${someTime}`),
    ],
  },
  {
    name: 'queued',
    life: async () => {
      const mentor = await add()
      await claim(database)
      return mentor
    },
    says: [new RegExp(`: queued since ${someTime}`), 'is in the queue; a running notifier sends it'],
  },
  {
    name: 'sending',
    life: async () => {
      const mentor = await add()
      await attemptsOf(database, await claim(database))
      return mentor
    },
    says: [
      new RegExp(`: being sent to coordinator-\\d+@example.org since ${someTime}`),
      new RegExp(`if the notifier does not report back by ${someTime}, a listener takes it back`),
    ],
  },
  {
    name: 'sending that was given up, and is pending again',
    life: async () => {
      const mentor = await add()
      await attemptsOf(database, await claim(database), { lease: -1 })
      await nightly(database)
      return mentor
    },
    says: [
      ': pending, to be queued (lease_expired, the notifier did not come back within its lease)',
      /attempt 1, .*: may or may not have been taken \(lease_expired/,
    ],
  },
  {
    name: 'sent by a night',
    life: async () => {
      const mentor = await add({ daysLeft: 31 })
      await setClock(database, '2026-03-02T12:00:00Z')
      await nightly(database)
      await answer(mentor, accepted)
      return mentor
    },
    says: [
      new RegExp(`: sent to coordinator-\\d+@example.org on ${someTime}`),
      /made on .* by the night \(run \d+\)/,
      /attempt 1, email, .*: accepted \(smtp_250, the mail server took it\)/,
    ],
  },
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
      /nothing more: the 7-day reminder was refused for .*tried again when the recipient changes, or by `mentor-expiry retry \d+`/,
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
      'nothing: the certification expired on 2026-03-01; a new date begins a new round of reminders',
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
      '  nothing, as long as the mentor is inactive',
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

test.each(alive)('a reminder that is $name is told with its reason and what comes next', async ({ life, says }) => {
  const text = await explain(database, await life())
  for (const words of says) expect(text).toMatch(words)
})

test('the command tells it to people and to machines, and helps whoever mistypes', async () => {
  const mentor = await add()
  await database.query(`update expiry.organisations set slug = 'fjord'`)
  await database.query(`update expiry.mentors set external_ref = 'M-1/7', full_name = 'Kari Nordmann' where id = $1`, [
    mentor.id,
  ])
  const run = async (...args: string[]) => {
    await using service = await startService(['explain', ...args], { DATABASE_URL: database.url })
    const { code } = await service.exited
    return { code, output: service.output }
  }
  const [people, machine, mistyped, wrongPlace, nothing] = await Promise.all([
    run('fjord/M-1/7'),
    run('fjord/M-1/7', '--json'),
    run('fjord/m17'),
    run('Fjord/M-1/7'),
    run('fjord'),
  ])
  expect(people).toEqual({ code: 0, output: expect.stringContaining('Kari Nordmann (M-1/7) of Organisation') })
  expect(machine.code).toBe(0)
  expect(JSON.parse(machine.output)).toMatchObject({
    mentor: { ref: 'M-1/7' },
    thresholds: [
      { thresholdDay: 30, from: '2026-02-19', reminder: { status: 'pending' }, why: null },
      { thresholdDay: 14, reminder: null, why: expect.stringContaining('not yet') },
      { thresholdDay: 7 },
    ],
    next: [{ outcome: 'pending', words: expect.any(String) }, { outcome: 'upcoming' }, { outcome: 'upcoming' }],
  })
  expect(mistyped).toEqual({ code: 1, output: 'there is no mentor "m17"; is M-1/7 meant?' })
  expect(wrongPlace).toEqual({ code: 1, output: 'there is no organisation "Fjord"; is fjord meant?' })
  expect(nothing.code).toBe(2)
})
