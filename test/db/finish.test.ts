import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ChannelAnswer } from '../../contracts/delivery.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, only, setClock } from '../support/people.ts'
import { accepted, attemptsOf, begin, deliver, failed, finish, outOfOrder, rejected, uncertain } from './delivery.ts'
import { onlyReminder, type Reminder, reminders } from './reminders.ts'

let database: Database
let organisation: string
beforeAll(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T23:30:00Z') // already the 2nd in Oslo
  organisation = await addOrganisation(database)
})
afterAll(() => database[Symbol.asyncDispose]())

const attemptsOnRecord = async (row: Pick<Reminder, 'id'>) =>
  (
    await database.query<{ attempt: number; channel: string; outcome: string; response: string }>(
      `select attempt, channel, outcome, response from expiry.reminder_delivery_attempts
        where log_id = $1 order by attempt, channel`,
      [row.id],
    )
  ).rows.map(({ attempt, channel, outcome, response }) => `${attempt} ${channel} ${outcome} ${response}`)

async function sending(channels: string[] = ['email']) {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  const row = await onlyReminder(database, mentor)
  return { mentor, row, attempt: only(await attemptsOf(database, [row], { channels })) }
}

const channels = ['email', 'webhook']
test.each<{ email: ChannelAnswer; webhook: ChannelAnswer; status: string; attempts: number; record: string[] }>([
  { email: accepted, webhook: accepted, status: 'sent', attempts: 1, record: ['email accepted', 'webhook accepted'] },
  {
    email: accepted,
    webhook: rejected,
    status: 'failed rejected',
    attempts: 1,
    record: ['email accepted', 'webhook rejected'],
  },
  { email: accepted, webhook: failed, status: 'pending', attempts: 1, record: ['email accepted', 'webhook failed'] },
  {
    email: accepted,
    webhook: uncertain,
    status: 'pending',
    attempts: 1,
    record: ['email accepted', 'webhook uncertain'],
  },
  { email: accepted, webhook: outOfOrder, status: 'pending', attempts: 1, record: ['email accepted'] },
  {
    email: rejected,
    webhook: rejected,
    status: 'failed rejected',
    attempts: 1,
    record: ['email rejected', 'webhook rejected'],
  },
  { email: rejected, webhook: failed, status: 'pending', attempts: 1, record: ['email rejected', 'webhook failed'] },
  {
    email: rejected,
    webhook: uncertain,
    status: 'pending',
    attempts: 1,
    record: ['email rejected', 'webhook uncertain'],
  },
  { email: rejected, webhook: outOfOrder, status: 'pending', attempts: 1, record: ['email rejected'] },
  { email: failed, webhook: failed, status: 'pending', attempts: 1, record: ['email failed', 'webhook failed'] },
  { email: failed, webhook: uncertain, status: 'pending', attempts: 1, record: ['email failed', 'webhook uncertain'] },
  { email: failed, webhook: outOfOrder, status: 'pending', attempts: 1, record: ['email failed'] },
  { email: uncertain, webhook: outOfOrder, status: 'pending', attempts: 1, record: ['email uncertain'] },
  { email: outOfOrder, webhook: outOfOrder, status: 'pending', attempts: 0, record: [] },
])('$email.kind and $webhook.kind: $status', async ({ email, webhook, status, attempts, record }) => {
  const { mentor, row, attempt } = await sending(channels)
  const verdict = only(await finish(database, [{ ...attempt, answers: { email, webhook } }]))
  expect(verdict).toMatchObject({ id: row.id, generation: 0, attempt: 1, verdict: 'recorded' })
  expect([verdict.status, verdict.status_reason].filter((part) => part !== null).join(' ')).toBe(status)
  const after = await onlyReminder(database, mentor)
  expect(after).toMatchObject({ status: verdict.status, attempts, generation: verdict.status === 'pending' ? 1 : 0 })
  expect((await attemptsOnRecord(row)).map((line) => line.split(' ').slice(1, 3).join(' '))).toEqual(record)
})

test('a sent row tells when, by whose calendar, and under which identity', async () => {
  const { row, attempt } = await sending()
  await finish(database, [{ ...attempt, answers: { email: accepted } }])
  const { rows } = await database.query(
    `select date_sent, provider_message_id, sent_at > now() - interval '1 minute' as sent_now, lease_until, last_error
       from expiry.reminder_dispatch_log where id = $1`,
    [row.id],
  )
  expect(rows).toEqual([
    {
      date_sent: '2026-03-02',
      provider_message_id: '<1@example.org>',
      sent_now: true,
      lease_until: null,
      last_error: null,
    },
  ])
})

test('a retry skips the channels that have accepted, and is sent when all have', async () => {
  const { mentor, row, attempt } = await sending(channels)
  await finish(database, [{ ...attempt, answers: { email: accepted, webhook: failed } }])
  const again = only(await begin(database, await reminders(database, mentor), { channels }))
  expect(again.delivery).toMatchObject({ attempt: 2, acceptedChannels: ['email'] })
  const verdict = await finish(database, [{ id: row.id, generation: 1, attempt: 2, answers: { webhook: accepted } }])
  expect(verdict).toMatchObject([{ verdict: 'recorded', status: 'sent' }])
  expect(await attemptsOnRecord(row)).toEqual([
    '1 email accepted smtp_250',
    '1 webhook failed smtp_451',
    '2 webhook accepted smtp_250',
  ])
})

test('a channel accepts a reminder once, whatever is reported', async () => {
  const { mentor, row, attempt } = await sending(channels)
  await finish(database, [{ ...attempt, answers: { email: accepted, webhook: failed } }])
  await begin(database, await reminders(database, mentor), { channels })
  const twice = { id: row.id, generation: 1, attempt: 2, answers: { email: accepted, webhook: accepted } }
  expect(await finish(database, [twice])).toMatchObject([{ verdict: 'recorded', status: 'sent' }])
  expect((await attemptsOnRecord(row)).filter((line) => line.includes('email accepted'))).toHaveLength(1)
})

test('an out-of-order channel uses up no attempt and starts no countdown', async () => {
  const { mentor } = await sending()
  for (let generation = 0; generation < 5; generation += 1) {
    const row = await onlyReminder(database, mentor)
    const attempt =
      row.status === 'sending' ? { id: row.id, generation: 0, attempt: 1 } : only(await attemptsOf(database, [row]))
    expect(attempt).toMatchObject({ generation, attempt: 1 })
    const result = { ...attempt, answers: { email: outOfOrder } }
    expect(await finish(database, [result], { retryFor: 0 })).toMatchObject([{ status: 'pending' }])
  }
  const row = await onlyReminder(database, mentor)
  expect(row).toMatchObject({ status: 'pending', attempts: 0, generation: 5 })
  expect(await attemptsOnRecord(row)).toEqual([])
  expect(await deliver(database, [row])).toMatchObject([{ status: 'sent', attempt: 1 }])
})

test('one odd row in a batch spoils no other', async () => {
  const [first, second, third] = [await sending(), await sending(), await sending()]
  const results = [
    { ...first.attempt, generation: 7 },
    { ...second.attempt, attempt: 9 },
    { id: 1_000_000, generation: 0, attempt: 1 },
    third.attempt,
  ].map((attempt) => ({ ...attempt, answers: { email: accepted } }))
  const verdicts = await finish(database, results)
  expect(verdicts.filter(({ verdict }) => verdict === 'stale')).toHaveLength(3)
  expect(verdicts.filter(({ verdict }) => verdict !== 'stale')).toMatchObject([{ id: third.row.id, status: 'sent' }])
  expect(await onlyReminder(database, first.mentor)).toMatchObject({ status: 'sending' })
  expect(await onlyReminder(database, second.mentor)).toMatchObject({ status: 'sending' })
})

test('a result handed in twice is recorded once', async () => {
  const { row, attempt } = await sending()
  const result = { ...attempt, answers: { email: accepted } }
  expect(await finish(database, [result])).toMatchObject([{ verdict: 'recorded' }])
  expect(await finish(database, [result])).toMatchObject([{ verdict: 'stale', status: null }])
  expect(await attemptsOnRecord(row)).toHaveLength(1)
})

test('two attempts called uncertain whose acceptances come late in one batch are one acceptance, and spoil no other', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  const attempts: { id: number; generation: number; attempt: number }[] = []
  for (let turn = 0; turn < 2; turn += 1) {
    attempts.push(...(await attemptsOf(database, [await onlyReminder(database, mentor)], { lease: -1 })))
    await database.query('select expiry.rescue_stuck_reminders(100)')
  }
  const { attempt: healthy } = await sending()
  const verdicts = await finish(
    database,
    [...attempts, healthy].map((attempt) => ({ ...attempt, answers: { email: accepted } })),
  )
  expect(verdicts.map(({ verdict, status }) => `${verdict} ${status}`)).toEqual([
    'late sent',
    'late sent',
    'recorded sent',
  ])
  const row = await onlyReminder(database, mentor)
  expect(row.status).toBe('sent')
  expect(await attemptsOnRecord(row)).toEqual(['1 email accepted smtp_250', '2 email uncertain lease_expired'])
})
