import { describe, expect, test } from 'vitest'
import { startProxy } from '../support/proxy.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { throughProxy } from './addresses.ts'
import { attemptHistories, copies } from './attempts.ts'
import { addPendingReminders, allSent, countOf, openStage } from './stage.ts'

const ROWS = 20

describe.skipIf(!hasRedis())('a notifier whose answers come late', () => {
  test('frozen in mid-send past its lease, it cannot spoil what another has begun since: one more message each, under the same Message-ID', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    const lease = { DELIVERY_LEASE: '6', DELIVERY_DEADLINE: '2.9' }
    const slow = smtp.script({ at: 'end', act: { delayMs: 500 }, times: ROWS })
    await addPendingReminders(database, ROWS)
    await stage.start('listener', lease)
    const frozen = await stage.start('notifier', lease)
    await waitFor('all to be handed over', () => slow.hits === ROWS)
    frozen.freeze()
    expect(await countOf(database, 'sending')).toBe(ROWS)

    const slowAgain = smtp.script({ at: 'end', act: { delayMs: 1_200 } })
    await stage.start('notifier', lease)
    await waitFor('all to be handed over by the other', () => slowAgain.hits === ROWS)
    frozen.thaw()
    await waitFor('the late answers', () => frozen.events('result_stale').length === ROWS)
    await allSent(database, ROWS)
    expect(copies(smtp)).toEqual({ 2: ROWS })
    expect(await attemptHistories(database)).toEqual({ '1 uncertain, 2 accepted': ROWS })
    expect(frozen.events('sent')).toEqual([])
  })

  test('an acceptance that arrives after the lease ran out counts all the same, where nobody has begun again', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    const lease = { DELIVERY_LEASE: '3', DELIVERY_DEADLINE: '1' }
    await using proxy = await startProxy({ targetPort: Number(new URL(database.url).port), protocol: 'postgres' })
    await addPendingReminders(database, ROWS)
    const listener = await stage.start('listener', lease)
    const url = { DATABASE_URL: throughProxy(database.url, proxy) }
    proxy.delayUpstream(6_000, 'finish_reminder_delivery')
    const slow = await stage.start('notifier', { ...lease, ...url })
    await waitFor('a finish on its way', () => smtp.received.length === ROWS && proxy.counters.delayed > 0)
    await listener.stop()
    await waitFor('the lease to run out', () => rescueAll(database))
    expect(await countOf(database, 'pending')).toBe(ROWS)
    expect(await attemptHistories(database)).toEqual({ '1 uncertain': ROWS })
    proxy.delayUpstream(0)

    await allSent(database, ROWS)
    await waitFor('the notifier to hear of it', () => slow.events('sent').length === ROWS)
    expect(slow.events('sent').every(({ late }) => late === true)).toBe(true)
    await stage.start('listener', lease)
    await allSent(database, ROWS)
    expect(copies(smtp)).toEqual({ 1: ROWS })
    expect(await attemptHistories(database)).toEqual({ '1 accepted': ROWS })
  })

  test('cut off from PostgreSQL for less than its lease, it repeats what it could not record, and sends nothing again', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    const lease = { DELIVERY_LEASE: '15', DELIVERY_DEADLINE: '5' }
    await using proxy = await startProxy({ targetPort: Number(new URL(database.url).port), protocol: 'postgres' })
    const slow = smtp.script({ at: 'end', act: { delayMs: 700 } })
    await addPendingReminders(database, ROWS)
    await stage.start('listener', lease)
    const notifier = await stage.start('notifier', { ...lease, DATABASE_URL: throughProxy(database.url, proxy) })
    await waitFor('all to be handed over', () => slow.hits === ROWS)
    await proxy.refuse(true)
    proxy.cut()
    expect(await countOf(database, 'sending')).toBe(ROWS)
    await waitFor('each answer to fail twice', () => notifier.events('finish_failed').length >= 2 * ROWS)
    expect(await countOf(database, 'sending')).toBe(ROWS)
    await proxy.refuse(false)

    await allSent(database, ROWS, 10_000)
    expect(copies(smtp)).toEqual({ 1: ROWS })
    expect(await attemptHistories(database)).toEqual({ '1 accepted': ROWS })
  })

  test('after an outage longer than its lease it gets to hand in what it sent, before anything is taken from it', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    const lease = { DELIVERY_LEASE: '3', DELIVERY_DEADLINE: '1.4', SWEEP_INTERVAL: '0.1' }
    await using proxy = await startProxy({ targetPort: Number(new URL(database.url).port), protocol: 'postgres' })
    const slow = smtp.script({ at: 'end', act: { delayMs: 600 } })
    await addPendingReminders(database, ROWS)
    // Both lose the database, as when it restarts.
    const url = { DATABASE_URL: throughProxy(database.url, proxy) }
    const listener = await stage.start('listener', { ...lease, ...url })
    await stage.start('notifier', { ...lease, ...url })
    await waitFor('all to be handed over', () => slow.hits === ROWS)
    await proxy.refuse(true)
    proxy.cut()
    await waitFor('every lease to run out', async () => (await ranOut(database)) === ROWS)
    await proxy.refuse(false)

    await allSent(database, ROWS, 10_000)
    expect(copies(smtp)).toEqual({ 1: ROWS })
    expect(await attemptHistories(database)).toEqual({ '1 accepted': ROWS })
    expect(listener.events('rescued')).toEqual([])
  })
})

async function ranOut(database: Parameters<typeof countOf>[0]): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    `select count(*)::integer as count from expiry.reminder_dispatch_log
      where status = 'sending' and lease_until < clock_timestamp()`,
  )
  return rows[0]?.count ?? 0
}

/** What a listener's sweep does; true when all are pending again. */
async function rescueAll(database: { query(text: string): Promise<unknown> } & Parameters<typeof countOf>[0]) {
  await database.query('select expiry.rescue_stuck_reminders()')
  return (await countOf(database, 'sending')) === 0
}
