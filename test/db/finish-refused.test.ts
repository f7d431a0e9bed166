import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import {
  addCoordinator,
  addMentor,
  addOrganisation,
  type Mentor,
  moveExpiryDate,
  only,
  setClock,
} from '../support/people.ts'
import { accepted, attemptsOf, begin, failed, finish, outOfOrder, type RetryPolicy, rejected } from './delivery.ts'
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
type Answers = Parameters<typeof finish>[1][number]['answers']

/** A mentor whose reminder got these answers to its first attempt. */
async function answered(answers: Answers): Promise<Mentor> {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  const attempt = only(await attemptsOf(database, [await onlyReminder(database, mentor)], { channels }))
  await finish(database, [{ ...attempt, answers }])
  return mentor
}

/** Begins the mentor's reminder once more; `to` are those that are to be tried. */
async function beginAgain(mentor: Mentor, configured = channels) {
  const row = await onlyReminder(database, mentor)
  const { id, generation, delivery } = only(await begin(database, [row], { channels: configured }))
  const done = [...(delivery?.acceptedChannels ?? []), ...(delivery?.refusedChannels ?? [])]
  const to = configured.filter((channel) => !done.includes(channel))
  const answer = async (answers: Answers, policy?: RetryPolicy) => {
    const [finished] = await finish(database, [{ id, generation, attempt: delivery?.attempt ?? 0, answers }], policy)
    return `${finished?.status} ${finished?.status_reason ?? ''}`.trim()
  }
  return { to, answer }
}

test.each([
  ['email', 'webhook'],
  ['webhook', 'email'],
])(
  'what %s refused is not asked again while %s is out of order, however long, and fails when that has answered',
  async (refusing, silent) => {
    const mentor = await answered({ [refusing]: rejected, [silent]: outOfOrder })
    for (let round = 0; round < 3; round += 1) {
      const again = await beginAgain(mentor)
      expect(again.to).toEqual([silent])
      expect(await again.answer({ [silent]: outOfOrder }, { retryFor: 0 })).toBe('pending')
    }
    const { answer } = await beginAgain(mentor)
    expect(await answer({ [silent]: accepted })).toBe('failed rejected')
  },
)

/** What the row says that stood in the way. */
async function lastErrorOf(mentor: Mentor): Promise<string | null> {
  const { rows } = await database.query<{ error: string | null }>(
    'select last_error as error from expiry.reminder_dispatch_log where mentor_id = $1',
    [mentor.id],
  )
  return only(rows).error
}

test('the code of a refusal stays on the row while the other channel is out of order, and when that has accepted', async () => {
  const mentor = await answered({ email: rejected, webhook: outOfOrder })
  expect(await lastErrorOf(mentor)).toBe('email:smtp_550 webhook:refused')
  await (await beginAgain(mentor)).answer({ webhook: outOfOrder })
  expect(await lastErrorOf(mentor)).toBe('email:smtp_550 webhook:refused')
  expect(await (await beginAgain(mentor)).answer({ webhook: accepted })).toBe('failed rejected')
  expect(await lastErrorOf(mentor)).toBe('email:smtp_550')
})

test('of a channel that has refused twice the code is the later one', async () => {
  const mentor = await answered({ email: rejected, webhook: outOfOrder })
  const coordinator = await addCoordinator(database, { organisation, email: 'unknown@example.org' })
  await database.query('update expiry.mentors set coordinator_id = $2 where id = $1', [mentor.id, coordinator])
  const again = await beginAgain(mentor)
  await again.answer({ email: { kind: 'rejected', code: 'bad_address' }, webhook: failed })
  await (await beginAgain(mentor)).answer({ webhook: accepted })
  expect(await lastErrorOf(mentor)).toBe('email:bad_address')
})

test('a reminder that is sent after all has nothing in its way any more', async () => {
  const mentor = await answered({ email: rejected, webhook: outOfOrder })
  expect(await (await beginAgain(mentor, ['webhook'])).answer({ webhook: accepted })).toBe('sent')
  expect(await lastErrorOf(mentor)).toBeNull()
})

test('it rests longer and longer at the gate, as what one has accepted does', async () => {
  const mentor = await answered({ email: rejected, webhook: outOfOrder })
  for (const nominal of [60, 120, 240]) {
    await (await beginAgain(mentor)).answer({ webhook: outOfOrder })
    const { rows } = await database.query<{ pause: number }>(
      `select extract(epoch from available_at - clock_timestamp())::double precision as pause
         from expiry.reminder_dispatch_log where mentor_id = $1`,
      [mentor.id],
    )
    expect(only(rows).pause).toBeGreaterThan(nominal * 0.75 - 2)
  }
})

test('transient answers beside a refusal come to an end, as a refusal', async () => {
  const mentor = await answered({ email: rejected, webhook: failed })
  const again = await beginAgain(mentor)
  expect(again.to).toEqual(['webhook'])
  expect(await again.answer({ webhook: failed }, { retryFor: 0 })).toBe('failed rejected')
})

test('whoever else gets the reminder now is asked of every channel that has not accepted', async () => {
  const mentor = await answered({ email: rejected, webhook: outOfOrder })
  const coordinator = await addCoordinator(database, { organisation, email: 'successor@example.org' })
  await database.query('update expiry.mentors set coordinator_id = $2 where id = $1', [mentor.id, coordinator])
  const again = await beginAgain(mentor)
  expect(again.to).toEqual(channels)
  expect(await again.answer({ email: accepted, webhook: accepted })).toBe('sent')
})

test.each<[string, (mentor: Mentor) => Promise<unknown>]>([
  [
    'a person who tries again',
    async (mentor) =>
      database.query(`select expiry.retry_reminder($1, 'kari')`, [(await onlyReminder(database, mentor)).id]),
  ],
  [
    'a date that was moved away and back',
    async (mentor) => {
      await moveExpiryDate(database, mentor, '2027-03-21')
      await moveExpiryDate(database, mentor, '2026-03-21')
    },
  ],
])('%s asks again what was refused, and no channel that has accepted', async (_, happen) => {
  const mentor = await answered({ email: accepted, webhook: rejected })
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'failed', reason: 'rejected' })
  await happen(mentor)
  const again = await beginAgain(mentor)
  expect(again.to).toEqual(['webhook'])
  expect(await again.answer({ webhook: accepted })).toBe('sent')
})

test('a refusal counts no more when its channel is taken out of the configuration', async () => {
  const mentor = await answered({ email: rejected, webhook: outOfOrder })
  const again = await beginAgain(mentor, ['webhook'])
  expect(await again.answer({ webhook: accepted })).toBe('sent')
})

test('a refusal is the end when the other channel is taken out of the configuration', async () => {
  const mentor = await answered({ email: rejected, webhook: outOfOrder })
  const again = await beginAgain(mentor, ['email'])
  expect(again.to).toEqual([])
  expect(await again.answer({})).toBe('failed rejected')
  expect(await lastErrorOf(mentor)).toBe('email:smtp_550')
})
