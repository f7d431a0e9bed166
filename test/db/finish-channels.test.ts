import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, type Mentor, only, setClock } from '../support/people.ts'
import { accepted, attemptsOf, begin, failed, finish, outOfOrder, rejected } from './delivery.ts'
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

/** A mentor whose reminder one attempt was made of. */
async function attempted(lease = 300) {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  const row = await onlyReminder(database, mentor)
  return { mentor, row, attempt: only(await attemptsOf(database, [row], { channels, lease })) }
}

async function beginAgain(mentor: Mentor) {
  const { id, generation, delivery } = only(await begin(database, [await onlyReminder(database, mentor)], { channels }))
  const attempt = { id, generation, attempt: delivery?.attempt ?? 0 }
  return { attempt, skipped: delivery?.acceptedChannels, refused: delivery?.refusedChannels }
}

async function attemptsOnRecord(id: number): Promise<string[]> {
  const { rows } = await database.query<{ line: string }>(
    `select concat_ws(' ', attempt, channel, outcome) as line from expiry.reminder_delivery_attempts
      where log_id = $1 order by attempt, channel`,
    [id],
  )
  return rows.map(({ line }) => line)
}

/** Seconds for which the row rests from now on. */
async function pauseOf(id: number): Promise<number> {
  const { rows } = await database.query<{ pause: number }>(
    `select extract(epoch from available_at - clock_timestamp())::double precision as pause
       from expiry.reminder_dispatch_log where id = $1`,
    [id],
  )
  return only(rows).pause
}

test.each([
  ['email', 'webhook'],
  ['webhook', 'email'],
])(
  'what %s has accepted rests longer and longer while %s is out of order, without an attempt and without a countdown',
  async (works, silent) => {
    const { mentor, row, attempt } = await attempted()
    await finish(database, [{ ...attempt, answers: { [works]: accepted, [silent]: outOfOrder } }], { retryFor: 0 })
    for (const nominal of [60, 120, 240, 480, 900, 900, 900]) {
      const again = await beginAgain(mentor)
      expect(again).toMatchObject({ attempt: { attempt: 2 }, skipped: [works] })
      const result = { ...again.attempt, answers: { [silent]: outOfOrder } }
      expect(await finish(database, [result], { retryFor: 0 })).toMatchObject([
        { verdict: 'recorded', status: 'pending' },
      ])
      const pause = await pauseOf(row.id)
      expect(pause).toBeGreaterThan(nominal * 0.75 - 2)
      expect(pause).toBeLessThanOrEqual(nominal * 1.25)
    }
    expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending', attempts: 1 })
    expect(await attemptsOnRecord(row.id)).toEqual([`1 ${works} accepted`])

    const last = await beginAgain(mentor)
    const verdict = await finish(database, [{ ...last.attempt, answers: { [silent]: accepted } }])
    expect(verdict).toMatchObject([{ verdict: 'recorded', status: 'sent' }])
    expect(await attemptsOnRecord(row.id)).toEqual([`1 ${works} accepted`, `2 ${silent} accepted`])
  },
)

test('a retry by a person, after one channel refused for good what the other had accepted, skips the other', async () => {
  const { mentor, row, attempt } = await attempted()
  expect(await finish(database, [{ ...attempt, answers: { email: accepted, webhook: rejected } }])).toMatchObject([
    { status: 'failed', status_reason: 'rejected' },
  ])
  await database.query('select expiry.retry_reminder($1, $2)', [row.id, 'test'])
  const again = await beginAgain(mentor)
  expect(again.skipped).toEqual(['email'])
  expect(await finish(database, [{ ...again.attempt, answers: { webhook: accepted } }])).toMatchObject([
    { status: 'sent' },
  ])
  expect(await attemptsOnRecord(row.id)).toEqual(['1 email accepted', '1 webhook rejected', '2 webhook accepted'])
})

test.each([failed, outOfOrder])(
  'what one channel accepted before the lease ran out is on record although the other had $kind, and is not sent again',
  async (answer) => {
    const { mentor, row, attempt } = await attempted(-1)
    await database.query('select expiry.rescue_stuck_reminders(100)')
    expect(await attemptsOnRecord(row.id)).toEqual(['1 email uncertain', '1 webhook uncertain'])
    await finish(database, [{ ...attempt, answers: { email: accepted, webhook: answer } }])
    expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending', generation: 1 })
    expect((await attemptsOnRecord(row.id))[0]).toBe('1 email accepted')
    expect((await beginAgain(mentor)).skipped).toEqual(['email'])
  },
)

test('a row keeps the first identity that it was accepted under, the e-mail’s where both accept at once', async () => {
  const identity = async (id: number) =>
    only(
      (await database.query('select provider_message_id from expiry.reminder_dispatch_log where id = $1', [id])).rows,
    )
  const webhook = { ...accepted, messageId: 'reminder_14' }
  const both = await attempted()
  await finish(database, [{ ...both.attempt, answers: { webhook, email: accepted } }])
  expect(await identity(both.row.id)).toEqual({ provider_message_id: '<1@example.org>' })

  const late = await attempted()
  await finish(database, [{ ...late.attempt, answers: { email: accepted, webhook: failed } }])
  await finish(database, [{ ...(await beginAgain(late.mentor)).attempt, answers: { webhook } }])
  expect(await identity(late.row.id)).toEqual({ provider_message_id: '<1@example.org>' })
})

test('a refusal beside answers that may change ends as a refusal', async () => {
  const { mentor, attempt } = await attempted()
  await finish(database, [{ ...attempt, answers: { email: rejected, webhook: failed } }], { retryFor: 0 })
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'failed', reason: 'rejected' })
})

test('what stands at a closed gate is not exhausted by the answers of the other channel', async () => {
  const { mentor, attempt } = await attempted()
  await finish(database, [{ ...attempt, answers: { email: outOfOrder, webhook: failed } }], { retryFor: 0 })
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending' })
})

test('a channel that names no pause does not stand behind one that does', async () => {
  const { attempt } = await attempted()
  const later = { ...failed, retryAfter: 3_600 }
  await finish(database, [{ ...attempt, answers: { email: failed, webhook: later } }])
  expect(await pauseOf(attempt.id)).toBeLessThan(60)
  const both = await attempted()
  await finish(database, [{ ...both.attempt, answers: { email: accepted, webhook: later } }])
  expect(await pauseOf(both.attempt.id)).toBeGreaterThan(3_500)
})
