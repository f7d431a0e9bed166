import { beforeEach, describe, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addOrganisation, nightly, setClock } from '../support/people.ts'
import { claim, deliver, failed } from './delivery.ts'
import { inShort, onlyReminder, reminders } from './reminders.ts'
import { day, evening, foundAt, mentorOf, midnight, noon, type Options, waitingIsOver, waits } from './sending-hours.ts'

let database: Database
beforeEach(async () => {
  database = await freshDatabase()
  return () => database[Symbol.asyncDispose]()
})

describe('what the night finds waits for the sending hours', () => {
  const nights: { night: string; at: string; options?: Options; hours: number }[] = [
    { night: 'right after midnight', at: midnight, hours: 6.75 },
    { night: 'at the first minute of the hours', at: '2026-03-10T06:00:00Z', hours: 0 },
    { night: 'at their last', at: '2026-03-10T19:59:59Z', hours: 0 },
    { night: 'when they have just ended', at: '2026-03-10T20:00:00Z', hours: 10 },
    { night: 'late in the evening', at: evening, hours: 8.5 },
    { night: 'at any hour', at: midnight, options: { sendFrom: null, sendUntil: null }, hours: 0 },
    {
      night: 'in hours that last until midnight',
      at: evening,
      options: { sendFrom: '12:00', sendUntil: '24:00' },
      hours: 0,
    },
    { night: 'elsewhere', at: evening, options: { ...day, timeZone: 'America/New_York' }, hours: 0 },
    {
      night: 'of an hour less, when summer time begins',
      at: '2026-03-28T23:15:00Z',
      options: { ...day, expiryDate: '2026-04-28' },
      hours: 5.75,
    },
    {
      night: 'of an hour more, when it ends',
      at: '2026-10-24T22:15:00Z',
      options: { ...day, expiryDate: '2026-11-24' },
      hours: 7.75,
    },
    {
      night: 'of the last day, in the evening: tomorrow it says nothing true',
      at: evening,
      options: { ...day, expiryDate: '2026-03-10' },
      hours: 0,
    },
    {
      night: 'of the last day, in the early morning',
      at: midnight,
      options: { ...day, expiryDate: '2026-03-10' },
      hours: 6.75,
    },
    {
      night: 'of the last day but one, in the evening',
      at: evening,
      options: { ...day, expiryDate: '2026-03-11' },
      hours: 8.5,
    },
  ]
  test.each(nights)('$night: $hours hours', async ({ at, options, hours }) => {
    expect(await waits(database, await foundAt(database, at, options))).toBe(hours)
  })

  test('each organisation has its own', async () => {
    const [early, late] = [
      await mentorOf(database),
      await mentorOf(database, { sendFrom: '10:00', sendUntil: '15:00' }),
    ]
    await setClock(database, midnight)
    await nightly(database)
    expect([await waits(database, early), await waits(database, late)]).toEqual([6.75, 9.75])
  })

  test('it is late only from when it could have gone out', async () => {
    const mentor = await foundAt(database, midnight)
    const { rows } = await database.query('select due_at from expiry.reminder_dispatch_log where mentor_id = $1', [
      mentor.id,
    ])
    expect(rows).toEqual([{ due_at: new Date('2026-03-10T06:00:00Z') }])
  })

  test('no claim takes it before, and nobody is called', async () => {
    const listening = await database.connect()
    let heard = 0
    listening.on('notification', () => {
      heard += 1
    })
    await listening.query('listen expiry_reminders')
    const mentor = await foundAt(database, midnight)
    expect(await claim(database)).toEqual([])
    await listening.query('select 1') // a notification comes before the answer to the next statement
    expect(heard).toBe(0)
    await waitingIsOver(database, '2026-03-10T06:00:00Z')
    expect(await claim(database)).toMatchObject([{ id: (await onlyReminder(database, mentor)).id }])
  })

  test('one that failed and is tried again by the night waits as well', async () => {
    const mentor = await foundAt(database, noon)
    await deliver(database, await reminders(database, mentor), failed, { retryFor: 0 })
    expect(inShort(await reminders(database, mentor))).toBe('30 failed (attempts_exhausted)')
    await setClock(database, '2026-03-10T23:15:00Z')
    await nightly(database)
    expect(await waits(database, mentor)).toBe(6.75)
  })

  test('one that the night brings back waits as well', async () => {
    const mentor = await foundAt(database, noon)
    await database.query(`update expiry.certifications set expiry_date = '2027-04-09' where mentor_id = $1`, [
      mentor.id,
    ])
    const client = await database.connect()
    await client.query('set session_replication_role = replica') // as where the triggers' work was lost
    await client.query(`update expiry.certifications set expiry_date = '2026-04-09' where mentor_id = $1`, [mentor.id])
    await setClock(database, '2026-03-10T23:15:00Z')
    await nightly(database)
    expect(inShort(await reminders(database, mentor))).toBe('30 pending')
    expect(await waits(database, mentor)).toBe(6.75)
  })
})

test.each([
  ['07:00', null],
  [null, '21:00'],
  ['21:00', '07:00'],
  ['07:00', '07:00'],
  ['07:00', '07:59'],
])('hours from %s until %s are refused', async (sendFrom, sendUntil) => {
  await expect(addOrganisation(database, { sendFrom, sendUntil })).rejects.toThrow('organisations_sending_hours_check')
})

test('an organisation that says nothing sends from seven to nine in the evening', async () => {
  const { rows } = await database.query(
    `insert into expiry.organisations (slug, name) values ('nord', 'Nord') returning send_from, send_until`,
  )
  expect(rows).toEqual([{ send_from: '07:00:00', send_until: '21:00:00' }])
})

test('the rule of the last day is part of the statements that ask it: no call for each row', async () => {
  const { rows } = await database.query('explain (verbose) select * from expiry.waiting_reminders')
  const plan = JSON.stringify(rows)
  expect(plan).toContain('certification_expiry_date')
  expect(plan).not.toContain('wait_for_hours')
})
