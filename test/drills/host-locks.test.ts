import { describe, expect, test } from 'vitest'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { attemptHistories, copies } from './attempts.ts'
import { addPendingReminders, allSent, countOf, openStage } from './stage.ts'

const LOCKED = 5
const ROWS = 60

describe.skipIf(!hasRedis())('a host transaction that takes its time', () => {
  test.each([
    { what: 'log rows', table: 'reminder_dispatch_log', wait: LOCKED },
    { what: 'mentors', table: 'mentors', wait: 0 },
    { what: 'their coordinator', table: 'coordinators', wait: 0 },
  ])('and holds $what stops no other reminder', async ({ table, wait }) => {
    await using stage = await openStage()
    const { database, smtp } = stage
    await addPendingReminders(database, ROWS)
    await stage.start('listener')
    await waitFor('all to be queued', async () => (await countOf(database, 'queued')) === ROWS)
    const host = await database.connect()
    await host.query('begin')
    const held = await host.query(`select id from expiry.${table} order by id limit ${LOCKED} for update`)
    expect(held.rowCount).toBeGreaterThan(0)

    const notifier = await stage.start('notifier', { NOTIFIER_CONCURRENCY: '10' })
    await notifier.waitForEvent('started')
    await waitFor('all others to be sent', async () => (await countOf(database, 'sent')) === ROWS - wait, {
      deadlineMs: 8_000,
    })
    await addPendingReminders(database, ROWS)
    await waitFor('new ones as well', async () => (await countOf(database, 'sent')) === 2 * ROWS - wait, {
      deadlineMs: 6_000,
    })
    await host.query('rollback')

    await allSent(database, 2 * ROWS)
    expect(copies(smtp)).toEqual({ 1: 2 * ROWS })
    expect(await attemptHistories(database)).toEqual({ '1 accepted': 2 * ROWS })
    expect(notifier.events('begin_failed')).toEqual([])
  })

  test('and holds hundreds of the most urgent reminders lets the others through', async () => {
    await using stage = await openStage()
    const { database } = stage
    await addPendingReminders(database, 400, { daysLeft: 7 })
    await addPendingReminders(database, ROWS, { daysLeft: 25 })
    await stage.start('listener')
    await waitFor('all to be queued', async () => (await countOf(database, 'queued')) === 400 + ROWS)
    const host = await database.connect()
    await host.query('begin')
    await host.query('select from expiry.reminder_dispatch_log where threshold_day = 7 for update')
    await stage.start('notifier', { NOTIFIER_CONCURRENCY: '10' })
    await waitFor('the others', async () => (await countOf(database, 'sent')) === ROWS, { deadlineMs: 25_000 })
    expect(await countOf(database, 'queued')).toBe(400)
  })

  test('and holds rows in mid-send delays the record of these alone', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    const slow = smtp.script({ at: 'end', act: { delayMs: 700 } })
    await addPendingReminders(database, 20)
    await stage.start('listener')
    const notifier = await stage.start('notifier', { DELIVERY_LEASE: '30', DELIVERY_DEADLINE: '10' })
    await waitFor('all to be under way', () => slow.hits === 20)
    const host = await database.connect()
    await host.query('begin')
    await host.query(`select id from expiry.reminder_dispatch_log order by id limit ${LOCKED} for update`)

    await waitFor('all others to be recorded', async () => (await countOf(database, 'sent')) === 20 - LOCKED, {
      deadlineMs: 5_000,
    })
    expect(await countOf(database, 'sending')).toBe(LOCKED)
    await host.query('rollback')
    await allSent(database, 20)
    expect(copies(smtp)).toEqual({ 1: 20 })
    expect(notifier.events('finish_failed')).toEqual([])
  })
})
