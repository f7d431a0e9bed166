import { beforeEach, expect, test } from 'vitest'
import { breakOff } from '../db/broken-off.ts'
import { begin, claim } from '../db/delivery.ts'
import type { Database } from '../support/database.ts'
import { addMentor } from '../support/people.ts'
import { healthyDatabase, lookAt } from './diagnosis.ts'

let database: Database
let organisation: string
beforeEach(async () => {
  ;({ database, organisation } = await healthyDatabase())
  return () => database[Symbol.asyncDispose]()
})

/** Adds a mentor who is due, and moves the clock's traces in the log back by twenty minutes. */
async function leaveStuck(status: 'pending' | 'queued' | 'sending'): Promise<void> {
  await addMentor(database, { organisation, daysLeft: 7 })
  if (status !== 'pending') {
    const jobs = await claim(database)
    if (status === 'sending') await begin(database, jobs)
  }
  await database.query(
    `update expiry.reminder_dispatch_log
        set available_at = available_at - interval '20 minutes',
            queued_at = queued_at - interval '20 minutes',
            lease_until = lease_until - interval '20 minutes'`,
  )
}

const faults: [string, () => Promise<unknown>, string, RegExp][] = [
  [
    'a reminder that nobody queues',
    () => leaveStuck('pending'),
    'Reminders/pending',
    /^fail: 1 reminder waited for more than 15 minutes to be queued → is a listener running/,
  ],
  [
    'a reminder that nobody takes from the queue',
    () => leaveStuck('queued'),
    'Reminders/queued',
    /^fail: 1 reminder waited for more than 15 minutes in the queue → is a notifier running/,
  ],
  [
    'a reminder that began and never ended',
    () => leaveStuck('sending'),
    'Reminders/sending',
    /^fail: 1 reminder began and never ended/,
  ],
  [
    'a reminder that ends every notifier',
    async () => {
      const mentor = await addMentor(database, { organisation, daysLeft: 7 })
      for (let round = 0; round < 3; round += 1) await breakOff(database, mentor)
    },
    'Reminders/broken off',
    /^fail: 1 reminder ended three notifiers in a row, or left them without an answer → docs\/runbooks\/sends-broken-off.md/,
  ],
  [
    'a due reminder that the night has not made',
    async () => {
      const mentor = await addMentor(database, { organisation, daysLeft: 200 })
      await database.query('alter table expiry.certifications disable trigger user')
      await database.query('update expiry.certifications set expiry_date = expiry.today($2) + 7 where mentor_id = $1', [
        mentor.id,
        organisation,
      ])
    },
    'Reminders/uncovered',
    /^fail: 1 reminder due and not accounted for/,
  ],
  [
    'a mentor whom nobody has looked at again',
    async () => {
      const mentor = await addMentor(database, { organisation })
      await database.query(
        `insert into expiry.mentor_rechecks (mentor_id, requested_at) values ($1, pg_catalog.now() - interval '1 hour')`,
        [mentor.id],
      )
    },
    'Reminders/rechecks',
    /^fail: 1 mentor waited/,
  ],
  [
    'a reminder without a recipient',
    () => addMentor(database, { organisation, coordinator: null, daysLeft: 7 }),
    'Reminders/recipients',
    /^advice: 1 reminder failed for want of a recipient → give the mentors a coordinator/,
  ],
  [
    'an active mentor without a certification',
    () => addMentor(database, { organisation }),
    'Reminders/certifications',
    /^advice: 1 active mentor without one/,
  ],
  [
    'a critical alert that is open',
    () => database.query(`select expiry.raise_alert('nightly_late', 'critical', 'nightly_late', '{}')`),
    'Reminders/alerts',
    /^fail: open: nightly_late → select/,
  ],
  [
    'a warning that is open',
    () => database.query(`select expiry.raise_alert('mentors_unreachable', 'warning', 'x', '{}')`),
    'Reminders/alerts',
    /^advice: open: mentors_unreachable → select/,
  ],
  [
    'a link to mentors that leads nowhere',
    () => database.query(`update expiry.organisations set mentor_url = 'https://app.example.org:99999/{ref}'`),
    'Reminders/links',
    /^advice: no address comes of mentor_url of organisation-\d+ \(https:\/\/app\.example\.org:99999\/\{ref\}\): .* → correct expiry.organisations.mentor_url/,
  ],
]

test.each(faults)('%s is found', async (_, break_, check, line) => {
  await break_()
  const found = await lookAt(database)
  expect(found[check]).toMatch(line)
})
