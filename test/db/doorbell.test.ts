import type { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import {
  addCoordinator,
  addMentor,
  addMentors,
  addOrganisation,
  moveExpiryDate,
  nightly,
  setClock,
  setStatus,
} from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { attemptsOf, claim, deliver, failed } from './delivery.ts'
import { onlyReminder, reminders } from './reminders.ts'

let database: Database
let organisation: string
let heard: { channel: string; payload?: string | undefined }[] = []
let listener: Client
beforeAll(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  organisation = await addOrganisation(database)
  listener = await database.connect()
  listener.on('notification', ({ channel, payload }) => heard.push({ channel, payload }))
  await listener.query('listen expiry_reminders')
  await listener.query('listen probe')
})
afterAll(() => database[Symbol.asyncDispose]())

/** Everything heard since the last time. PostgreSQL hands out notifications in the order of commits, so a probe ends it. */
async function heardUntilNow() {
  await listener.query('notify probe')
  const all = await waitFor('the probe', () => heard.at(-1)?.channel === 'probe' && heard)
  heard = []
  return all.slice(0, -1)
}

/** What the bell has said each time that it rang while this happened. */
async function saidDuring(work: () => Promise<unknown>): Promise<(string | undefined)[]> {
  await heardUntilNow()
  await work()
  const rings = await heardUntilNow()
  for (const { channel } of rings) expect(channel).toBe('expiry_reminders')
  return rings.map(({ payload }) => payload)
}

/** How often the bell rang while this happened. */
const ringsDuring = async (work: () => Promise<unknown>) => (await saidDuring(work)).length

test('a statement that makes many reminders pending rings once, without a word', async () => {
  const coordinator = await addCoordinator(database, { organisation })
  const many = () => addMentors(database, { organisation, coordinator, count: 50, daysLeft: 20 })
  expect(await saidDuring(many)).toEqual([''])
})

test('a statement that makes one pending names it: its id, generation and threshold', async () => {
  const organisation = await addOrganisation(database)
  let ids: string[] = []
  const said = await saidDuring(async () => {
    const mentor = await addMentor(database, { organisation, daysLeft: 20 })
    ids = (await reminders(database, mentor)).map(({ id }) => `${id} 0 30`)
  })
  expect(said).toEqual(ids)
})

test('while a deploy has yet to replace the trigger of an earlier version, a statement without a row does not ring', async () => {
  await database.query(`
    create trigger of_an_earlier_version after update on expiry.reminder_dispatch_log
    referencing old table as before_rows new table as after_rows
    for each statement execute function expiry.ring_reminder_doorbell()`)
  const nobody = 'update expiry.reminder_dispatch_log set status = status where false'
  expect(await ringsDuring(() => database.query(nobody))).toBe(0)
  await database.query('drop trigger of_an_earlier_version on expiry.reminder_dispatch_log')
})

test('a transaction rings at its commit: with its first row, and once without a word for all that follow', async () => {
  const client = await database.connect()
  const said = await saidDuring(async () => {
    await client.query('begin')
    for (const daysLeft of [20, 10, 5, 20]) await addMentor(client, { organisation, daysLeft })
    expect(await heardUntilNow()).toEqual([])
    await client.query('commit')
  })
  expect(said).toEqual([expect.stringMatching(/ 0 30$/), ''])
  expect(await ringsDuring(() => addMentor(client, { organisation, daysLeft: 20 }))).toBe(1)
})

test('a transaction whose first statement makes many pending rings once', async () => {
  const coordinator = await addCoordinator(database, { organisation })
  const client = await database.connect()
  const said = await saidDuring(async () => {
    await client.query('begin')
    await addMentors(client, { organisation, coordinator, count: 2, daysLeft: 20 })
    await addMentor(client, { organisation, daysLeft: 20 })
    await client.query('commit')
  })
  expect(said).toEqual([''])
})

test('what a savepoint takes back has not rung', async () => {
  const client = await database.connect()
  const rings = await ringsDuring(async () => {
    await client.query('begin; savepoint before')
    await addMentor(client, { organisation, daysLeft: 20 })
    await client.query('rollback to savepoint before')
    await addMentor(client, { organisation, daysLeft: 10 })
    await client.query('commit')
  })
  expect(rings).toBe(1)
})

test('what is rolled back does not ring', async () => {
  const client = await database.connect()
  const rings = await ringsDuring(async () => {
    await client.query('begin')
    await addMentor(client, { organisation, daysLeft: 20 })
    await client.query('rollback')
  })
  expect(rings).toBe(0)
})

test('a row that begins as failed, is claimed, begun, sent or superseded does not ring', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  const sent = await addMentor(database, { organisation, daysLeft: 20 })
  const rings = await ringsDuring(async () => {
    await addMentor(database, { organisation, coordinator: null, daysLeft: 20 })
    await claim(database)
    await deliver(database, await reminders(database, sent))
    await setStatus(database, mentor, 'inactive')
  })
  expect(rings).toBe(0)
})

test('a row that is to rest before its next attempt does not ring', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  const row = await onlyReminder(database, mentor)
  expect(await ringsDuring(() => deliver(database, [row], failed))).toBe(0)
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending' })
})

test('a row that stays pending does not ring, whatever else changes in it', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  const rings = await ringsDuring(() =>
    database.query(
      `update expiry.reminder_dispatch_log set last_error = 'x', available_at = now() where mentor_id = $1`,
      [mentor.id],
    ),
  )
  expect(rings).toBe(0)
})

test.each([
  {
    name: 'revived',
    before: 'inactive',
    act: (mentor: string) => database.query(`update expiry.mentors set status = 'active' where id = $1`, [mentor]),
  },
  {
    name: 'found lost',
    before: 'queued',
    act: (mentor: string) =>
      database.query(
        `select expiry.requeue_lost_reminders(array_agg(id), array_agg(generation))
           from expiry.reminder_dispatch_log where mentor_id = $1`,
        [mentor],
      ),
  },
  {
    name: 'rescued',
    before: 'sending',
    act: () => database.query('select expiry.rescue_stuck_reminders()'),
  },
])('a reminder that is $name rings', async ({ before, act }) => {
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  if (before === 'inactive') await setStatus(database, mentor, 'inactive')
  if (before === 'queued') await claim(database, 1000)
  if (before === 'sending') await attemptsOf(database, await reminders(database, mentor), { lease: -1 })
  expect(await ringsDuring(() => act(mentor.id))).toBe(1)
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending' })
})

test('a night that writes reminders rings, one with nothing to do does not', async () => {
  const mentor = await addMentor(database, { organisation, daysLeft: 31 })
  expect(await ringsDuring(() => nightly(database))).toBe(0)
  await setClock(database, '2026-03-02T12:00:00Z')
  expect(await ringsDuring(() => nightly(database))).toBe(1)
  expect(await ringsDuring(() => moveExpiryDate(database, mentor, '2027-01-01'))).toBe(0)
})
