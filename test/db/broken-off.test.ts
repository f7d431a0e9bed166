import { beforeEach, expect, test } from 'vitest'
import type { ChannelAnswer } from '../../contracts/delivery.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, type Mentor, only, setClock, setStatus } from '../support/people.ts'
import { breakOff } from './broken-off.ts'
import { accepted, attemptsOf, failed, finish, rejected } from './delivery.ts'
import { onlyReminder } from './reminders.ts'

let database: Database
let organisation: string
beforeEach(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  organisation = await addOrganisation(database)
  return () => database[Symbol.asyncDispose]()
})

const add = () => addMentor(database, { organisation, daysLeft: 20 })

async function breakOffTimes(mentor: Mentor, times: number, channels?: string[]) {
  for (let round = 0; round < times; round += 1) await breakOff(database, mentor, channels)
}

const beginAgain = async (mentor: Mentor, channels = ['email']) =>
  only(await attemptsOf(database, [await onlyReminder(database, mentor)], { channels }))

/** A sender begins it once more, and gets this answer. */
const answerAgain = async (mentor: Mentor, answer: ChannelAnswer) =>
  finish(database, [{ ...(await beginAgain(mentor)), answers: { email: answer } }])

/** What the open alert says; undefined when none is open. A service has just looked. */
async function alert() {
  await database.query('select expiry.check_operations()')
  const { rows } = await database.query<{ details: unknown }>(
    `select details from expiry.operations_alerts where kind = 'sends_broken_off' and resolved_at is null`,
  )
  return rows[0]?.details
}

test('the third time in a row that a lease runs out opens an alert with the row’s id and how often it was', async () => {
  const mentor = await add()
  const { id } = await onlyReminder(database, mentor)
  await breakOffTimes(mentor, 2)
  expect(await alert()).toBeUndefined()
  await breakOff(database, mentor)
  expect(await alert()).toEqual({ count: 1, reminders: [id], rescues: 3 })
  await breakOff(database, mentor)
  expect(await alert()).toEqual({ count: 1, reminders: [id], rescues: 4 })
})

test('of several the one that was rescued most often stands first', async () => {
  const [often, thrice] = [await add(), await add()]
  await breakOffTimes(often, 4)
  await breakOffTimes(thrice, 3)
  const ids = [(await onlyReminder(database, often)).id, (await onlyReminder(database, thrice)).id]
  expect(await alert()).toEqual({ count: 2, reminders: ids, rescues: 4 })
})

test('while it is being sent once more, and one channel has accepted it, the alert stays open', async () => {
  const channels = ['email', 'webhook']
  const mentor = await add()
  await breakOffTimes(mentor, 3, channels)
  const attempt = await beginAgain(mentor, channels)
  const times = { startedAt: '2026-03-01T12:00:00Z', finishedAt: '2026-03-01T12:00:01Z' }
  const early = [{ ...attempt, channels: [{ channel: 'email', ...accepted, ...times }] }]
  await database.query('select expiry.record_acceptances($1)', [JSON.stringify(early)])
  expect(await alert()).toMatchObject({ rescues: 3 })
})

test('a sender that comes back, whatever the answer, begins the count anew', async () => {
  const mentor = await add()
  await breakOffTimes(mentor, 3)
  await answerAgain(mentor, failed)
  expect(await alert()).toBeUndefined()
  await breakOffTimes(mentor, 2)
  expect(await alert()).toBeUndefined()
  await breakOff(database, mentor)
  expect(await alert()).toMatchObject({ rescues: 3 })
})

test.each<[string, (mentor: Mentor) => Promise<unknown>]>([
  [
    'is sent after all',
    async (mentor) => {
      const attempt = await breakOff(database, mentor)
      await finish(database, [{ ...attempt, answers: { email: accepted } }])
    },
  ],
  ['is withdrawn', (mentor) => setStatus(database, mentor, 'inactive')],
  ['is refused', (mentor) => answerAgain(mentor, rejected)],
])('the alert ends when the row %s', async (_, leave) => {
  const mentor = await add()
  await breakOffTimes(mentor, 3)
  expect(await alert()).toMatchObject({ count: 1 })
  await leave(mentor)
  expect(await alert()).toBeUndefined()
})
