import { describe, expect, test } from 'vitest'
import { startProxy } from '../support/proxy.ts'
import type { RedisServer } from '../support/redis.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { throughProxy } from './addresses.ts'
import { attemptHistories, copies } from './attempts.ts'
import { openQueueContent } from './queue-content.ts'
import { addPendingReminders, allSent, countOf, openStage } from './stage.ts'

const FLYING = 10
const ROWS = 30
const PATIENT = { NOTIFIER_CONCURRENCY: String(FLYING), DELIVERY_LEASE: '60', DELIVERY_DEADLINE: '25' }
const BRISK_LEASE = { DELIVERY_LEASE: '6', DELIVERY_DEADLINE: '2' }

describe.skipIf(!hasRedis())('a notifier that is told to stop by SIGTERM', () => {
  test('in mid-send lets what is under way end, begins nothing new, and exits 0', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    const slow = smtp.script({ at: 'end', act: { delayMs: 1_500 } })
    await addPendingReminders(database, ROWS)
    await stage.start('listener')
    const notifier = await stage.start('notifier', PATIENT)
    await waitFor('messages under way', () => slow.hits === FLYING)
    expect(await countOf(database, 'sending')).toBe(FLYING)
    expect(await notifier.stop({ deadlineMs: 8_000 })).toEqual({ code: 0, signal: null })
    expect(await countOf(database, 'sent')).toBe(FLYING)
    expect(await countOf(database, 'sending')).toBe(0)
    slow.lift()

    await stage.start('notifier')
    await allSent(database, ROWS)
    expect(copies(smtp)).toEqual({ 1: ROWS })
    expect(await attemptHistories(database)).toEqual({ '1 accepted': ROWS })
  })

  test('gives up sends that do not end, before anything was handed over, and the next one sends them once', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    const silence = smtp.script({ at: 'sender', act: 'hang' })
    await addPendingReminders(database, ROWS)
    await stage.start('listener')
    const notifier = await stage.start('notifier', PATIENT)
    await waitFor('messages under way', () => silence.hits === FLYING)
    expect(await notifier.stop({ deadlineMs: 12_000 })).toEqual({ code: 0, signal: null })
    expect(await countOf(database, 'sending')).toBe(0)
    expect(notifier.events('gate_closed')).toEqual([])
    silence.lift()

    await stage.start('notifier')
    await allSent(database, ROWS)
    expect(copies(smtp)).toEqual({ 1: ROWS })
    expect(await attemptHistories(database)).toEqual({ '1 accepted': ROWS })
  })

  test('while its channel is out of order leaves its jobs to the next one', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    await using queue = openQueueContent(stage.redis)
    await smtp.down()
    await addPendingReminders(database, ROWS)
    await stage.start('listener')
    const notifier = await stage.start('notifier', PATIENT)
    await notifier.waitForEvent('gate_closed')
    await waitFor('jobs to wait at the gate', async () => {
      const active = await queue.jobIds('active')
      return active.length === FLYING && (await countOf(database, 'sending')) === 0
    })
    expect(await notifier.stop({ deadlineMs: 5_000 })).toEqual({ code: 0, signal: null })
    expect(await queue.jobIds('active')).toEqual([])
    await smtp.up()

    await stage.start('notifier')
    await allSent(database, ROWS)
    expect(copies(smtp)).toEqual({ 1: ROWS })
  })

  test.each([
    { what: 'has gone', blow: (redis: RedisServer) => redis.kill() },
    { what: 'hangs', blow: async (redis: RedisServer) => redis.pause() },
  ])('is not held up by a Redis that $what, and what it sent stays sent', async ({ blow }) => {
    await using stage = await openStage()
    const { database, smtp, redis } = stage
    const slow = smtp.script({ at: 'end', act: { delayMs: 1_000 } })
    await addPendingReminders(database, FLYING)
    await stage.start('listener')
    const notifier = await stage.start('notifier', PATIENT)
    await waitFor('messages under way', () => slow.hits === FLYING)
    await blow(redis)
    expect(await notifier.stop({ deadlineMs: 10_000 })).toEqual({ code: 0, signal: null })

    await allSent(database, FLYING)
    expect(copies(smtp)).toEqual({ 1: FLYING })
  })

  test('is not held up by a PostgreSQL that is out of reach', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    await using proxy = await startProxy({ targetPort: Number(new URL(database.url).port), protocol: 'postgres' })
    const slow = smtp.script({ at: 'end', act: { delayMs: 700 } })
    await addPendingReminders(database, FLYING)
    await stage.start('listener', BRISK_LEASE)
    const url = throughProxy(database.url, proxy)
    const notifier = await stage.start('notifier', { ...PATIENT, ...BRISK_LEASE, DATABASE_URL: url })
    await waitFor('messages under way', () => slow.hits === FLYING)
    await proxy.refuse(true)
    proxy.cut()
    await notifier.waitForEvent('finish_failed')
    expect(await notifier.stop({ deadlineMs: 12_000 })).toEqual({ code: 0, signal: null })

    await stage.start('notifier', BRISK_LEASE)
    await allSent(database, FLYING)
    expect(copies(smtp)).toEqual({ 2: FLYING })
    expect(await attemptHistories(database)).toEqual({ '1 uncertain, 2 accepted': FLYING })
  })
})
