import { beforeEach, expect, test } from 'vitest'
import { accepted, deliver } from '../db/delivery.ts'
import { reminders } from '../db/reminders.ts'
import type { Database } from '../support/database.ts'
import {
  addCoordinator,
  addMentor,
  type Mentor,
  type MentorOptions,
  moveExpiryDate,
  setClock,
} from '../support/people.ts'
import { explain, openMarch, type Told } from './explaining.ts'

let database: Database
let organisation: string
beforeEach(async () => {
  ;({ database, organisation } = await openMarch())
  return () => database[Symbol.asyncDispose]()
})

const add = (options: Partial<MentorOptions> = {}) => addMentor(database, { organisation, daysLeft: 20, ...options })
const answer = async (mentor: Mentor, given = accepted) => deliver(database, await reminders(database, mentor), given)

const silent: Told[] = [
  {
    name: 'a certification that is valid for long',
    life: () => add({ expiryDate: '2026-12-31' }),
    says: ['not yet: its days begin on 2026-12-01', 'is made by the night of 2026-12-01'],
  },
  {
    name: 'no certification',
    life: () => addMentor(database, { organisation }),
    says: ['Certification  none on record', 'no reminder: no certification is on record'],
  },
  {
    name: 'a date that was entered after a threshold’s days',
    life: async () => {
      const mentor = await add({ daysLeft: 5 })
      const { rows } = await database.query<{ today: string }>('select current_date as today')
      await setClock(database, `${rows[0]?.today}T12:00:00Z`)
      await moveExpiryDate(database, mentor, after(rows[0]?.today, 5))
      return mentor
    },
    says: [/30 days before .*\n {4}none: this date was entered on .*, after its days/],
  },
  {
    name: 'a tighter reminder that was made',
    life: async () => {
      await database.query('delete from expiry.reminder_thresholds where threshold_day = 30')
      const mentor = await add({ daysLeft: 13 })
      await enteredOn('2026-02-20', mentor)
      await answer(mentor, accepted)
      await database.query(`insert into expiry.reminder_thresholds (threshold_day, urgency) values (30, 'notice')`)
      return mentor
    },
    says: [/; counts since 2026-03-01\n {4}none: the 14-day reminder had been made, and a looser one never follows it/],
  },
  {
    name: 'a threshold that came in after this date was reminded about',
    life: async () => {
      const mentor = await add({ daysLeft: 18 })
      await answer(mentor, accepted)
      await database.query(`insert into expiry.reminder_thresholds (threshold_day, urgency) values (20, 'notice')`)
      return mentor
    },
    says: ['    none: counts since 2026-03-01, when this date had been reminded about'],
  },
  {
    name: 'such a threshold, when its days have passed',
    life: async () => {
      const mentor = await add({ daysLeft: 18 })
      await enteredOn('2026-02-20', mentor)
      await answer(mentor, accepted)
      await database.query(`insert into expiry.reminder_thresholds (threshold_day, urgency) values (20, 'notice')`)
      await setClock(database, '2026-03-10T12:00:00Z')
      return mentor
    },
    says: [/20 days before .*\n {4}none: counts since 2026-03-01, when this date had been reminded about/],
  },
  {
    name: 'a threshold whose days passed while the mentor was inactive',
    life: async () => {
      const mentor = await add({ daysLeft: 31, status: 'inactive' })
      await setClock(database, '2026-03-20T12:00:00Z')
      await enteredOn('2026-03-01', mentor)
      return mentor
    },
    says: ['    none: its days passed while the mentor was not active or paused, or while no night was run'],
  },
  {
    name: 'no threshold at all',
    life: async () => {
      await database.query('delete from expiry.reminder_thresholds')
      return add()
    },
    says: ['No threshold counts for this organisation.', 'no reminder: no threshold counts for what is left'],
  },
  {
    name: 'nothing more to come about this date',
    life: async () => {
      const mentor = await add({ daysLeft: 5 })
      await answer(mentor, accepted)
      return mentor
    },
    says: ['no more reminders about this date: all of them have been made'],
  },
  {
    name: 'a coordinator without an address, with and without a fallback',
    life: async () => {
      await database.query(`update expiry.organisations set fallback_email = 'office@example.org'`)
      return add({ coordinator: await addCoordinator(database, { organisation, email: null }) })
    },
    says: [
      /Recipient {6}office@example.org, the organisation's fallback: the coordinator, Coordinator \d+, has no address/,
      'the 30-day reminder to office@example.org is queued',
    ],
  },
]

test.each(silent)('$name is told', async ({ life, says }) => {
  const text = await explain(database, await life())
  for (const words of says) expect(text).toMatch(words)
})

test('a mentor whom somebody held when the date changed is told to be looked at again', async () => {
  const mentor = await add({ expiryDate: '2026-12-31' })
  const host = await database.connect()
  await host.query('begin')
  await host.query('select from expiry.mentors where id = $1 for update', [mentor.id])
  await moveExpiryDate(database, mentor, '2026-03-21')
  const text = await explain(database, mentor)
  expect(text).toContain('    due, and not made yet')
  expect(text).toMatch(/is made by the night of 2026-03-02; a running listener looks again within seconds/)
})

/** The rules' clock is another than the one that writes down when a row was made. */
async function enteredOn(day: string, mentor: Mentor): Promise<void> {
  await database.query('update expiry.certifications set created_at = $2 where mentor_id = $1', [mentor.id, day])
}

/** So many days after a day, `YYYY-MM-DD`. */
function after(day: string | undefined, count: number): string {
  const date = new Date(`${day}T12:00:00Z`)
  date.setUTCDate(date.getUTCDate() + count)
  return date.toISOString().slice(0, 10)
}
