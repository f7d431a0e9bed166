import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import {
  addCoordinator,
  addMentor,
  addOrganisation,
  type Mentor,
  nightly,
  setClock,
  setStatus,
} from '../support/people.ts'
import { begin, deliver, failed, rejected } from './delivery.ts'
import { inShort, onlyReminder, reminders } from './reminders.ts'

let database: Database
let organisation: string
beforeAll(async () => {
  database = await freshDatabase()
  organisation = await addOrganisation(database)
})
beforeEach(() => setClock(database, '2026-03-01T12:00:00Z'))
afterAll(() => database[Symbol.asyncDispose]())

const assign = (mentor: Mentor, coordinator: string | null) =>
  database.query('update expiry.mentors set coordinator_id = $2 where id = $1', [mentor.id, coordinator])
const repair = (coordinator: string, change: string) =>
  database.query(`update expiry.coordinators set ${change} where id = $1`, [coordinator])
const fallback = (id: string, email: string | null) =>
  database.query('update expiry.organisations set fallback_email = $2 where id = $1', [id, email])

/** Whom begin would send this row to. */
async function recipientOf(mentor: Mentor) {
  const client = await database.connect()
  await client.query('begin')
  const [begun] = await begin(client, [await onlyReminder(client, mentor)])
  await client.query('rollback')
  return begun?.delivery?.recipient
}

test('without a recipient the row begins as failed, and goes out by itself when a coordinator is assigned', async () => {
  const mentor = await addMentor(database, { organisation, coordinator: null, daysLeft: 20 })
  expect(inShort(await reminders(database, mentor))).toBe('30 failed (no_recipient)')
  await nightly(database)
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'failed', generation: 0 })
  await assign(mentor, await addCoordinator(database, { organisation, email: 'new@example.org' }))
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending', reason: null, generation: 1 })
  expect(await recipientOf(mentor)).toMatchObject({ kind: 'coordinator', email: 'new@example.org' })
})

test.each([
  { broken: { email: null }, change: `email = 'repaired@example.org'` },
  { broken: { email: 'sleeping@example.org', active: false }, change: 'active = true' },
])('a coordinator repaired by $change gets what had failed, in the same transaction', async ({ broken, change }) => {
  const coordinator = await addCoordinator(database, { organisation, ...broken })
  const mentors = await Promise.all(
    [20, 10, 5].map((daysLeft) => addMentor(database, { organisation, coordinator, daysLeft })),
  )
  for (const mentor of mentors) expect(await onlyReminder(database, mentor)).toMatchObject({ reason: 'no_recipient' })
  await repair(coordinator, change)
  for (const mentor of mentors) expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending' })
})

test('where nobody can be reached the fallback address gets it; set afterwards, it gets what had failed', async () => {
  const elsewhere = await addOrganisation(database)
  const mentor = await addMentor(database, { organisation: elsewhere, coordinator: null, daysLeft: 20 })
  await fallback(elsewhere, 'office@example.org')
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending', generation: 1 })
  expect(await recipientOf(mentor)).toEqual({ kind: 'fallback', name: null, email: 'office@example.org', locale: 'nb' })
  const next = await addMentor(database, { organisation: elsewhere, coordinator: null, daysLeft: 20 })
  expect(await onlyReminder(database, next)).toMatchObject({ status: 'pending', generation: 0 })
  await assign(next, await addCoordinator(database, { organisation: elsewhere, email: 'person@example.org' }))
  expect(await recipientOf(next)).toMatchObject({ kind: 'coordinator', email: 'person@example.org' })
})

test('a recipient who leaves before the send: begin says so, the row waits for the next one', async () => {
  const coordinator = await addCoordinator(database, { organisation })
  const mentor = await addMentor(database, { organisation, coordinator, daysLeft: 20 })
  await repair(coordinator, 'active = false')
  expect(await begin(database, await reminders(database, mentor))).toMatchObject([
    { verdict: 'no_recipient', delivery: null },
  ])
  expect(inShort(await reminders(database, mentor))).toBe('30 failed (no_recipient)')
  await repair(coordinator, 'active = true')
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending', generation: 1, attempts: 0 })
})

test('a rejected reminder is tried again only when its recipient has changed', async () => {
  const coordinator = await addCoordinator(database, { organisation, email: 'wrong@example.org' })
  const mentor = await addMentor(database, { organisation, coordinator, daysLeft: 20 })
  await deliver(database, await reminders(database, mentor), rejected)
  expect(inShort(await reminders(database, mentor))).toBe('30 failed (rejected)')
  await nightly(database)
  await repair(coordinator, `full_name = 'Renamed'`)
  await repair(coordinator, 'active = false')
  await repair(coordinator, 'active = true')
  expect(inShort(await reminders(database, mentor))).toBe('30 failed (rejected)')
  await repair(coordinator, `email = 'right@example.org'`)
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending', generation: 1 })

  await deliver(database, await reminders(database, mentor), rejected)
  await assign(mentor, await addCoordinator(database, { organisation, email: 'right@example.org' }))
  expect(inShort(await reminders(database, mentor))).toBe('30 failed (rejected)') // the same address once more
  await assign(mentor, await addCoordinator(database, { organisation, email: 'other@example.org' }))
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending', generation: 2 })
})

test('what a channel gave up on is tried again by the night, not by a change elsewhere', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  await deliver(database, await reminders(database, mentor), failed, { retryFor: 0 })
  expect(inShort(await reminders(database, mentor))).toBe('30 failed (attempts_exhausted)')
  await setStatus(database, mentor, 'paused')
  expect(inShort(await reminders(database, mentor))).toBe('30 failed (attempts_exhausted)')
  await nightly(database)
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending', generation: 1 })
})

test('a coordinator who appears after the next threshold opened gets the tighter reminder alone', async () => {
  const mentor = await addMentor(database, { organisation, coordinator: null, expiryDate: '2026-03-31' })
  await setClock(database, '2026-03-20T12:00:00Z')
  await assign(mentor, await addCoordinator(database, { organisation }))
  expect(inShort(await reminders(database, mentor))).toBe('30 superseded (tighter_reminder), 14 pending')
})

test('a failed reminder whose window the night finds taken over is not tried again', async () => {
  const mentor = await addMentor(database, { organisation, coordinator: null, expiryDate: '2026-03-31' })
  await setClock(database, '2026-03-20T12:00:00Z')
  await nightly(database)
  expect(inShort(await reminders(database, mentor))).toBe('30 superseded (tighter_reminder), 14 failed (no_recipient)')
  await setClock(database, '2026-04-01T12:00:00Z')
  await nightly(database)
  expect(inShort(await reminders(database, mentor))).toBe(
    '30 superseded (tighter_reminder), 14 superseded (lapsed), lapsed failed (no_recipient)',
  )
})
