import { expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addMentors, addOrganisation, only, setClock } from '../support/people.ts'
import { claim, deliver, failed } from './delivery.ts'
import { countByStatus, onlyReminder, reminders } from './reminders.ts'

async function pendingReminders(database: Database, count: number, daysLeft = 20): Promise<string> {
  await setClock(database, '2026-03-01T12:00:00Z')
  const organisation = await addOrganisation(database)
  await addMentors(database, { organisation, count, daysLeft })
  return organisation
}

test('ten listeners that claim at once get disjoint sets', async () => {
  await using database = await freshDatabase()
  await pendingReminders(database, 300)
  const claims = await Promise.all(Array.from({ length: 10 }, () => claim(database, 25)))
  const ids = claims.flatMap((jobs) => jobs.map(({ id }) => id))
  expect(claims.filter((jobs) => jobs.length > 0).length).toBeGreaterThan(1) // the race was real
  expect(new Set(ids).size).toBe(ids.length)
  expect(await countByStatus(database)).toEqual({ queued: ids.length, pending: 300 - ids.length })
})

test('a claim that is not committed hides its rows from others, and gives them back when it is rolled back', async () => {
  await using database = await freshDatabase()
  await pendingReminders(database, 3)
  const listener = await database.connect()
  await listener.query('begin')
  const mine = await claim(listener, 2)
  expect(mine).toHaveLength(2)
  const others = await claim(database, 10)
  expect(others).toHaveLength(1)
  await listener.query('rollback')
  const again = await claim(database, 10)
  // The queue refused the batch: the same generation is offered again.
  expect(again.sort((a, b) => a.id - b.id)).toEqual(mine.sort((a, b) => a.id - b.id))
})

test('the most urgent are claimed first, then the oldest', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  const organisation = await addOrganisation(database)
  for (const daysLeft of [20, 10, 5, 20, 5]) await addMentor(database, { organisation, daysLeft })
  const byUrgency = [...(await reminders(database))].sort((a, b) => a.thresholdDay - b.thresholdDay || a.id - b.id)
  const claimed: { id: number; threshold_day: number }[] = []
  for (let n = 0; n < 6; n += 1) claimed.push(...(await claim(database, 1)))
  expect(claimed.map((job) => job.id)).toEqual(byUrgency.map((row) => row.id))
  expect(claimed.map((job) => job.threshold_day)).toEqual([7, 7, 14, 30, 30])
})

test('a reminder whose time has not come is not claimed', async () => {
  await using database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
  const mentor = await addMentor(database, { organisation: await addOrganisation(database), daysLeft: 20 })
  await deliver(database, await reminders(database, mentor), failed, { base: 60 })
  expect(await onlyReminder(database, mentor)).toMatchObject({ status: 'pending', generation: 1 })
  expect(await claim(database)).toEqual([])
  await database.query(`update expiry.reminder_dispatch_log set available_at = now() - interval '1 second'`)
  expect(await claim(database)).toMatchObject([{ generation: 1 }])
})

test('the window holds, however many listeners fill it at once', async () => {
  await using database = await freshDatabase()
  await pendingReminders(database, 200)
  const fill = async () => {
    const client = await database.connect()
    for (let round = 0; round < 3; round += 1) {
      await client.query('begin')
      const { rows } = await client.query<{ room: number }>('select expiry.reminder_queue_room(50) as room')
      await claim(client, Math.min(only(rows).room, 20))
      await client.query('commit')
    }
  }
  await Promise.all(Array.from({ length: 8 }, fill))
  expect(await countByStatus(database)).toEqual({ queued: 50, pending: 150 })
})

test('there is never less than no room', async () => {
  await using database = await freshDatabase()
  await pendingReminders(database, 5)
  await claim(database)
  const { rows } = await database.query(
    'select expiry.reminder_queue_room(2) as room, expiry.reminder_queue_room(7) as more',
  )
  expect(rows).toEqual([{ room: 0, more: 2 }])
})
