import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addCoordinator, addMentor, addOrganisation, type Mentor, only, setClock } from '../support/people.ts'
import { accepted, attemptsOf, failed, finish, uncertain } from './delivery.ts'
import { onlyReminder } from './reminders.ts'

let database: Database
let organisation: string
beforeAll(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  organisation = await addOrganisation(database, { fallbackEmail: 'office@example.org' })
})
afterAll(() => database[Symbol.asyncDispose]())

const channels = ['email', 'webhook']

/** A mentor whose reminder is under way to the first coordinator. */
async function underWay(options: { lease?: number; channels?: string[] } = {}) {
  const coordinator = await addCoordinator(database, { organisation, email: 'first@example.org' })
  const mentor = await addMentor(database, { organisation, coordinator, daysLeft: 20 })
  return { mentor, attempt: await beginAgain(mentor, { channels, ...options }) }
}

async function beginAgain(mentor: Mentor, options: { lease?: number; channels?: string[] } = { channels }) {
  return only(await attemptsOf(database, [await onlyReminder(database, mentor)], options))
}

/** Gives the mentor another coordinator, or none. */
async function reassign(mentor: Mentor, email: string | null) {
  const coordinator = email === null ? null : await addCoordinator(database, { organisation, email })
  await database.query('update expiry.mentors set coordinator_id = $2 where id = $1', [mentor.id, coordinator])
}

/** What is on record of each attempt, and who got it. */
async function onRecord(id: number): Promise<string[]> {
  const { rows } = await database.query<{ line: string }>(
    `select concat_ws(' ', attempt, channel, outcome, recipient_kind, recipient_email) as line
       from expiry.reminder_delivery_attempts where log_id = $1 order by attempt, channel`,
    [id],
  )
  return rows.map(({ line }) => line)
}

test('each channel’s attempt names the coordinator of its time, whoever gets the reminder later', async () => {
  const { mentor, attempt } = await underWay()
  await finish(database, [{ ...attempt, answers: { email: accepted, webhook: failed } }])
  await reassign(mentor, 'second@example.org')
  const second = await beginAgain(mentor)
  expect(await finish(database, [{ ...second, answers: { webhook: accepted } }])).toMatchObject([{ status: 'sent' }])
  expect(await onRecord(attempt.id)).toEqual([
    '1 email accepted coordinator first@example.org',
    '1 webhook failed coordinator first@example.org',
    '2 webhook accepted coordinator second@example.org',
  ])
})

test('an attempt for the fallback address says so', async () => {
  const { mentor, attempt } = await underWay()
  await finish(database, [{ ...attempt, answers: { email: failed, webhook: failed } }])
  await reassign(mentor, null)
  const second = await beginAgain(mentor)
  await finish(database, [{ ...second, answers: { email: accepted, webhook: accepted } }])
  expect((await onRecord(attempt.id)).slice(2)).toEqual([
    '2 email accepted fallback office@example.org',
    '2 webhook accepted fallback office@example.org',
  ])
})

test('an attempt that was rescued and went out after all was the first coordinator’s, also when it is told during the second’s', async () => {
  const { mentor, attempt } = await underWay({ lease: -1, channels: ['email'] })
  await database.query('select expiry.rescue_stuck_reminders()')
  expect(await onRecord(attempt.id)).toEqual(['1 email uncertain coordinator first@example.org'])
  await reassign(mentor, 'second@example.org')
  const second = await beginAgain(mentor, { channels: ['email'] })
  await finish(database, [{ ...attempt, answers: { email: accepted } }])
  await finish(database, [{ ...second, answers: { email: uncertain } }])
  expect(await onRecord(attempt.id)).toEqual([
    '1 email accepted coordinator first@example.org',
    '2 email uncertain coordinator second@example.org',
  ])
})

test('what is recorded early names its recipient as well', async () => {
  const { mentor, attempt } = await underWay({ lease: -1 })
  const times = { startedAt: '2026-03-01T12:00:00Z', finishedAt: '2026-03-01T12:00:01Z' }
  const early = [{ ...attempt, channels: [{ channel: 'email', ...accepted, ...times }] }]
  await database.query('select expiry.record_acceptances($1)', [JSON.stringify(early)])
  await reassign(mentor, 'second@example.org')
  await database.query('select expiry.rescue_stuck_reminders()')
  expect(await onRecord(attempt.id)).toEqual([
    '1 email accepted coordinator first@example.org',
    '1 webhook uncertain coordinator first@example.org',
  ])
})

test('an answer that nobody waits for any more is not put down to whoever gets the reminder now', async () => {
  const { mentor, attempt } = await underWay()
  await finish(database, [{ ...attempt, answers: { email: uncertain } }])
  await reassign(mentor, 'second@example.org')
  await beginAgain(mentor)
  await finish(database, [{ ...attempt, answers: { webhook: accepted } }])
  expect(await onRecord(attempt.id)).toEqual(['1 email uncertain coordinator first@example.org', '1 webhook accepted'])
})
