import { beforeEach, expect, test } from 'vitest'
import { deliver, rejected, uncertain } from '../db/delivery.ts'
import { inShort, onlyReminder, reminders } from '../db/reminders.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, type Mentor, setClock } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { addFjordAndDal, runToEnd } from './ending.ts'

let database: Database
let fjord: string
let dal: string
beforeEach(async () => {
  database = await freshDatabase()
  ;({ fjord, dal } = await addFjordAndDal(database))
  return () => database[Symbol.asyncDispose]()
})

const run = (...args: string[]) => runToEnd(database, ['retry', ...args], { SUDO_USER: 'ola' })

async function refused(organisation = fjord): Promise<Mentor> {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  await deliver(database, await reminders(database, mentor), rejected)
  return mentor
}

async function givenUp(organisation = fjord): Promise<Mentor> {
  const mentor = await addMentor(database, { organisation, daysLeft: 10 })
  await deliver(database, await reminders(database, mentor), uncertain, { retryFor: 0 })
  return mentor
}

const idOf = async (mentor: Mentor) => String((await onlyReminder(database, mentor)).id)
const rows = async (...mentors: Mentor[]) =>
  Promise.all(mentors.map(async (mentor) => inShort(await reminders(database, mentor))))

test('what has failed is pending again, what has not says what it is, and who wished it is on record', async () => {
  const mentor = await refused()
  const open = await addMentor(database, { organisation: fjord, daysLeft: 20 })
  const ids = [await idOf(mentor), await idOf(open), '999999']
  const { code, output } = await run(...ids)
  expect(output.split('\n')).toEqual([
    `${ids[0]} (fjord/${mentor.id}, 30 days before 2026-03-21): pending again; it had failed because it was refused for good`,
    `${ids[1]} (fjord/${open.id}, 30 days before 2026-03-21): has not failed: it is pending`,
    '999999: there is no such reminder',
    '1 of 3 are tried again.',
  ])
  expect(code).toBe(0)
  expect(await rows(mentor, open)).toEqual(['30 pending', '30 pending'])
  const wished = await database.query('select retried_by from expiry.reminder_dispatch_log where id = $1', [ids[0]])
  expect(wished.rows).toEqual([{ retried_by: 'ola' }])

  const again = await run(ids[0] ?? '')
  expect(again).toEqual({ code: 1, output: expect.stringContaining('has not failed: it is pending') })
})

test('one that was sent, or is to be tried again, says when and after what answer', async () => {
  const sent = await addMentor(database, { organisation: fjord, daysLeft: 20 })
  await deliver(database, await reminders(database, sent))
  const putOff = await addMentor(database, { organisation: fjord, daysLeft: 20 })
  await deliver(database, await reminders(database, putOff), { kind: 'failed', code: 'smtp_451' })
  const { code, output } = await run(await idOf(sent), await idOf(putOff))
  expect(output).toMatch(/: has not failed: it is sent, on 2026-03-01$/m)
  expect(output).toMatch(
    /: has not failed: it is pending, to be tried again after smtp_451, the mail server asked to /m,
  )
  expect(code).toBe(1)
})

test('what else of its mentor is withdrawn on the way is named with its reason, also where the reminder itself is not failed', async () => {
  const mentor = await refused()
  const looser = await idOf(mentor)
  const holder = await database.connect()
  await holder.query('begin')
  await holder.query('select from expiry.reminder_dispatch_log where mentor_id = $1 for update', [mentor.id])
  await setClock(database, '2026-03-10T12:00:00Z')
  await database.query('select expiry.enqueue_due_reminders(14)')
  await holder.query('rollback')
  const [, tighter] = await reminders(database, mentor)
  expect(await rows(mentor)).toEqual(['30 failed (rejected), 14 pending'])
  const { output } = await run(String(tighter?.id))
  expect(output).toMatch(
    new RegExp(
      `: has not failed: it is pending; ${looser} was withdrawn as well: a more urgent reminder took its place$`,
    ),
  )
  expect(await rows(mentor)).toEqual(['30 superseded (tighter_reminder), 14 pending'])
})

test('one whose facts no longer hold is withdrawn instead, and the command fails when none is tried again', async () => {
  const mentor = await refused()
  await setClock(database, '2026-03-22T12:00:00Z')
  const { code, output } = await run(await idOf(mentor))
  expect(output).toMatch(/: withdrawn instead: the certification expired before it was sent$/)
  expect(code).toBe(1)
  expect(await rows(mentor)).toEqual(['30 superseded (lapsed)'])
  expect((await run(await idOf(mentor))).output).toMatch(/: was withdrawn before: the certification expired/)
})

test('all that failed, of one organisation or for one reason, and nothing else, is tried again', async () => {
  const mentors = [await refused(), await givenUp(), await refused(dal), await givenUp(dal)] as const
  const first = await run('--failed', '--organisation', 'dal', '--reason', 'rejected', '--actor', 'kari', '--json')
  expect(first.code).toBe(0)
  expect(JSON.parse(first.output)).toEqual({
    retried: 1,
    reminders: [
      {
        id: Number(await idOf(mentors[2])),
        outcome: 'retried',
        words: expect.any(String),
        row: {
          mentor: `dal/${mentors[2].id}`,
          kind: 'reminder',
          thresholdDay: 30,
          expiryDate: '2026-03-21',
          status: 'pending',
          reason: null,
          sentOn: null,
          lastError: 'email:smtp_550',
        },
        withdrawn: [],
      },
    ],
  })
  expect(await rows(...mentors)).toEqual([
    '30 failed (rejected)',
    '14 failed (attempts_exhausted)',
    '30 pending',
    '14 failed (attempts_exhausted)',
  ])
  const rest = await run('--failed')
  expect(rest.output).toMatch(
    /14 days before[\s\S]*14 days before[\s\S]*30 days before[\s\S]*3 of 3 are tried again\.$/,
  )
  expect(await rows(...mentors)).toEqual(['30 pending', '14 pending', '30 pending', '14 pending'])
  expect(await run('--failed')).toEqual({ code: 0, output: 'No reminder has failed.' })
})

test('one that still has nobody to be sent to says so and counts as none, until there is somebody', async () => {
  const mentor = await addMentor(database, { organisation: fjord, daysLeft: 20, coordinator: null })
  expect(await rows(mentor)).toEqual(['30 failed (no_recipient)'])
  const { code, output } = await run('--failed')
  expect(output).toMatch(/: there is still nobody to send it to: give the mentor a coordinator with an address/)
  expect(code).toBe(1)
})

test('a mentor whom somebody holds is left, and the others are tried all the same', async () => {
  const held = await refused()
  const free = await refused()
  const host = await database.connect()
  await host.query('begin')
  await host.query('select from expiry.mentors where id = $1 for update', [held.id])
  const { code, output } = await run('--failed')
  expect(output).toMatch(/: somebody holds the mentor: try again in a moment$/m)
  expect(output).toMatch(/1 of 2 are tried again\.$/)
  expect(code).toBe(0)
  expect(await rows(held, free)).toEqual(['30 failed (rejected)', '30 pending'])
})

test('with --json each row is told as it stands at the end: a listener takes the first while the second is waited for', async () => {
  const [taken, held] = [await refused(), await refused()]
  const host = await database.connect()
  await host.query('begin')
  await host.query('select from expiry.mentors where id = $1 for update', [held.id])
  const retrying = run('--failed', '--json')
  await waitFor('the first to be pending', async () => (await rows(taken))[0] === '30 pending')
  await database.query('select expiry.claim_pending_reminders(10)')
  await host.query('rollback')
  const { reminders: told } = JSON.parse((await retrying).output)
  expect(told).toMatchObject([
    { id: Number(await idOf(taken)), outcome: 'retried', row: { status: 'queued' } },
    { id: Number(await idOf(held)), outcome: 'retried', row: { status: 'pending' } },
  ])
})

test('bad usage ends with 2, an unknown organisation with 1', async () => {
  const [none, word, both, reason, alone, unknown] = await Promise.all([
    run(),
    run('M-1'),
    run('--failed', '7'),
    run('--failed', '--reason', 'sent'),
    run('7', '--reason', 'rejected'),
    run('--failed', '--organisation', 'fjo'),
  ])
  for (const { code } of [none, word, both, reason, alone]) expect(code).toBe(2)
  expect(unknown).toEqual({ code: 1, output: 'there is no organisation "fjo"; is fjord meant?' })
})
