import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, only, setClock } from '../support/people.ts'
import { type Attempt, accepted, attemptsOf, begin, finish, rejected, uncertain } from './delivery.ts'
import { onlyReminder } from './reminders.ts'

let database: Database
let organisation: string
beforeAll(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  organisation = await addOrganisation(database)
})
afterAll(() => database[Symbol.asyncDispose]())

const channels = ['email', 'webhook']
const times = { startedAt: '2026-03-01T12:00:00Z', finishedAt: '2026-03-01T12:00:01Z' }

/** A mentor whose reminder is under way on both channels. */
async function underWay(lease = 300) {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  const row = await onlyReminder(database, mentor)
  return { mentor, attempt: only(await attemptsOf(database, [row], { channels, lease })) }
}

/** Hands in that e-mail has accepted these attempts; returns the reminders that it was recorded of. */
async function record(...attempts: Attempt[]): Promise<number[]> {
  const email = { channel: 'email', ...accepted, ...times }
  const results = attempts.map((attempt) => ({ ...attempt, channels: [email] }))
  const { rows } = await database.query<{ id: number }>('select id from expiry.record_acceptances($1)', [
    JSON.stringify(results),
  ])
  return rows.map(({ id }) => id)
}

async function onRecord(id: number): Promise<string[]> {
  const { rows } = await database.query<{ line: string }>(
    `select concat_ws(' ', attempt, channel, outcome) as line from expiry.reminder_delivery_attempts
      where log_id = $1 order by attempt, channel`,
    [id],
  )
  return rows.map(({ line }) => line)
}

test('what one channel has accepted is on record while the other is awaited, and the finish adds the rest', async () => {
  const { mentor, attempt } = await underWay()
  expect(await record(attempt)).toEqual([attempt.id])
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'sending', generation: 0, attempts: 1 })
  expect(await onRecord(attempt.id)).toEqual(['1 email accepted'])
  const verdict = await finish(database, [{ ...attempt, answers: { email: accepted, webhook: accepted } }])
  expect(verdict).toMatchObject([{ verdict: 'recorded', status: 'sent' }])
  expect(await onRecord(attempt.id)).toEqual(['1 email accepted', '1 webhook accepted'])
})

test('the rescue leaves it on record, and the retry skips it and keeps its identity', async () => {
  const { mentor, attempt } = await underWay(-1)
  await record(attempt)
  await database.query('select expiry.rescue_stuck_reminders()')
  expect(await onRecord(attempt.id)).toEqual(['1 email accepted', '1 webhook uncertain'])
  const again = only(await begin(database, [await onlyReminder(database, mentor)], { channels }))
  expect(again.delivery?.acceptedChannels).toEqual(['email'])
  const webhook = { ...accepted, messageId: 'reminder_30' }
  await finish(database, [{ id: attempt.id, generation: 1, attempt: 2, answers: { webhook } }])
  const { rows } = await database.query(
    'select status, provider_message_id as identity from expiry.reminder_dispatch_log where id = $1',
    [attempt.id],
  )
  expect(rows).toEqual([{ status: 'sent', identity: '<1@example.org>' }])
})

test('of an attempt that is over, that somebody holds or that never was, nothing is recorded, and of the others all is', async () => {
  const [over, failed, held, healthy] = [await underWay(), await underWay(), await underWay(), await underWay()]
  await finish(database, [{ ...over.attempt, answers: { email: uncertain, webhook: uncertain } }])
  await finish(database, [{ ...failed.attempt, answers: { email: rejected, webhook: rejected } }])
  const holder = await database.connect()
  await holder.query('begin')
  await holder.query('select from expiry.reminder_dispatch_log where id = $1 for update', [held.attempt.id])
  const unknown = { id: 1_000_000, generation: 0, attempt: 1 }
  const all = [over.attempt, failed.attempt, held.attempt, healthy.attempt, unknown]
  expect(await record(...all)).toEqual([healthy.attempt.id])
  await holder.query('rollback')
  expect(await onRecord(over.attempt.id)).toEqual(['1 email uncertain', '1 webhook uncertain'])
  expect(await onRecord(failed.attempt.id)).toEqual(['1 email rejected', '1 webhook rejected'])
  expect(await onRecord(held.attempt.id)).toEqual([])
})

test('handing it in twice, or twice at once, records it once', async () => {
  const { attempt } = await underWay()
  await Promise.all([record(attempt), record(attempt, attempt)])
  await record(attempt)
  expect(await onRecord(attempt.id)).toEqual(['1 email accepted'])
})
