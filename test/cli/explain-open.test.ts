import { beforeEach, expect, test } from 'vitest'
import type { ChannelAnswer } from '../../contracts/delivery.ts'
import { accepted, attemptsOf, claim, deliver, failed } from '../db/delivery.ts'
import { reminders } from '../db/reminders.ts'
import type { Database } from '../support/database.ts'
import { addMentor, type Mentor, type MentorOptions, nightly, setClock } from '../support/people.ts'
import { explain, openMarch, someTime, type Told } from './explaining.ts'

let database: Database
let organisation: string
beforeEach(async () => {
  ;({ database, organisation } = await openMarch())
  return () => database[Symbol.asyncDispose]()
})

const add = (options: Partial<MentorOptions> = {}) => addMentor(database, { organisation, daysLeft: 20, ...options })
const answer = async (mentor: Mentor, given: ChannelAnswer) =>
  deliver(database, await reminders(database, mentor), given)

const onTheWay: Told[] = [
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
      new RegExp(
        `attempt 1, email, ${someTime}, to coordinator-\\d+@example.org, the coordinator: put off \\(smtp_451, the mail server asked to try again later\\)`,
      ),
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
]

test.each(onTheWay)('a reminder that is $name is told with its reason and what comes next', async ({ life, says }) => {
  const text = await explain(database, await life())
  for (const words of says) expect(text).toMatch(words)
})
