import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, type Mentor, setClock } from '../support/people.ts'
import { onlyReminder, type ReminderStatus } from './reminders.ts'

// Straight updates by the superuser, without any function of ours: the table itself refuses, whoever tries.
let database: Database
let mentor: Mentor
beforeAll(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  mentor = await addMentor(database, { organisation: await addOrganisation(database), expiryDate: '2026-03-31' })
})
afterAll(() => database[Symbol.asyncDispose]())

const reasonOf: Record<ReminderStatus, string | null> = {
  pending: null,
  queued: null,
  sending: null,
  sent: null,
  failed: 'rejected',
  superseded: 'renewed',
}

type State = { status: ReminderStatus; reason?: string | null }

/** Puts the mentor's row into a state without its triggers, tries the change, undoes all: the SQLSTATE, or null. */
async function attempt(from: State, to: State & { generation?: number }): Promise<string | null> {
  const client = await database.connect()
  const { id } = await onlyReminder(client, mentor)
  const put = (state: State, generation: string) =>
    client.query(
      `update expiry.reminder_dispatch_log
          set status = $2::text::expiry.reminder_status, status_reason = $3, generation = ${generation},
              lease_until = case when $2::text = 'sending' then now() end,
              sent_at = case when $2::text = 'sent' then now() end
        where id = $1`,
      [id, state.status, state.reason === undefined ? reasonOf[state.status] : state.reason],
    )
  await client.query('begin')
  await client.query(`set local session_replication_role = 'replica'`)
  await put(from, '5')
  await client.query(`set local session_replication_role = 'origin'`)
  try {
    await put(to, `generation + ${to.generation ?? (to.status === 'pending' && from.status !== 'pending' ? 1 : 0)}`)
    return null
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  } finally {
    await client.query('rollback')
    await client.end()
  }
}

const statuses: ReminderStatus[] = ['pending', 'queued', 'sending', 'sent', 'failed', 'superseded']
const allowed: Record<ReminderStatus, ReminderStatus[]> = {
  pending: ['queued', 'sending', 'sent', 'failed', 'superseded'],
  queued: ['pending', 'sending', 'sent', 'failed', 'superseded'],
  sending: ['pending', 'sent', 'failed'],
  sent: [],
  failed: ['pending', 'superseded'],
  superseded: ['pending'],
}
/** The reason with which a row may become failed. */
const failure = (from: ReminderStatus) => (from === 'sending' ? 'rejected' : 'no_recipient')

const pairs = statuses.flatMap((from) =>
  statuses.filter((to) => to !== from).map((to) => ({ from, to, answer: allowed[from].includes(to) ? null : 'EX001' })),
)

test.each(pairs)('$from to $to: $answer', async ({ from, to, answer }) => {
  const target = to === 'failed' ? { status: to, reason: failure(from) } : { status: to }
  expect(await attempt({ status: from }, target)).toBe(answer)
})

test.each([
  { from: { status: 'superseded', reason: 'tighter_reminder' }, to: { status: 'pending' }, answer: null },
  { from: { status: 'superseded', reason: 'not_eligible' }, to: { status: 'pending' }, answer: null },
  { from: { status: 'pending' }, to: { status: 'failed', reason: 'rejected' }, answer: 'EX001' },
  { from: { status: 'queued' }, to: { status: 'failed', reason: 'attempts_exhausted' }, answer: 'EX001' },
  { from: { status: 'sending' }, to: { status: 'failed', reason: 'attempts_exhausted' }, answer: null },
  { from: { status: 'sending' }, to: { status: 'failed', reason: 'no_recipient' }, answer: 'EX001' },
  { from: { status: 'failed', reason: 'no_recipient' }, to: { status: 'pending' }, answer: null },
  { from: { status: 'sending' }, to: { status: 'failed', reason: 'weather' }, answer: '23514' },
  { from: { status: 'pending' }, to: { status: 'superseded', reason: null }, answer: '23514' },
] as const)('$from to $to: $answer', async ({ from, to, answer }) => {
  expect(await attempt(from, to)).toBe(answer)
})

test.each([
  { from: 'queued', to: 'pending', generation: 0, answer: 'EX001' },
  { from: 'queued', to: 'pending', generation: 2, answer: 'EX001' },
  { from: 'pending', to: 'queued', generation: 1, answer: 'EX001' },
  { from: 'pending', to: 'pending', generation: 1, answer: 'EX001' },
  { from: 'sending', to: 'sent', generation: 1, answer: 'EX001' },
  { from: 'sent', to: 'sent', generation: 1, answer: 'EX001' },
  { from: 'superseded', to: 'superseded', generation: -1, answer: 'EX001' },
] as const)('$from to $to with generation + $generation: $answer', async ({ from, to, generation, answer }) => {
  expect(await attempt({ status: from }, { status: to, generation })).toBe(answer)
})

test.each([
  `threshold_day = 14`,
  `certification_expiry_date = '2027-01-01'`,
  `kind = 'lapsed', threshold_day = 0`,
  `mentor_id = gen_random_uuid()`,
])('a key stays what it is: %s', async (change) => {
  await expect(database.query(`update expiry.reminder_dispatch_log set ${change}`)).rejects.toMatchObject({
    code: 'EX001',
  })
})

test.each([
  { status: 'pending', reason: null, answer: null },
  { status: 'failed', reason: 'no_recipient', answer: null },
  { status: 'failed', reason: 'rejected', answer: 'EX001' },
  { status: 'queued', reason: null, answer: 'EX001' },
  { status: 'sending', reason: null, answer: 'EX001' },
  { status: 'sent', reason: null, answer: 'EX001' },
  { status: 'superseded', reason: 'renewed', answer: 'EX001' },
])('a row that begins as $status $reason: $answer', async ({ status, reason, answer }) => {
  const client = await database.connect()
  await client.query('begin')
  const born = client.query(
    `insert into expiry.reminder_dispatch_log
       (organisation_id, mentor_id, threshold_day, certification_expiry_date, status, status_reason, lease_until, sent_at)
     select organisation_id, mentor_id, 1, certification_expiry_date,
            $1::text::expiry.reminder_status, $2,
            case when $1::text = 'sending' then now() end, case when $1::text = 'sent' then now() end
       from expiry.reminder_dispatch_log`,
    [status, reason],
  )
  if (answer === null) await born
  else await expect(born).rejects.toMatchObject({ code: answer })
  await client.query('rollback')
})

test('a bulk update with one row that may not change changes none of them', async () => {
  const other = await addMentor(database, { organisation: await addOrganisation(database), expiryDate: '2026-03-31' })
  await database.query(
    `update expiry.reminder_dispatch_log set status = 'sent', sent_at = now() where mentor_id = $1`,
    [other.id],
  )
  await expect(database.query(`update expiry.reminder_dispatch_log set status = 'queued'`)).rejects.toMatchObject({
    code: 'EX001',
  })
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending' })
})
