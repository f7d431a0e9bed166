import { describe, expect, test } from 'vitest'
import { startProxy } from '../support/proxy.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { throughProxy } from './addresses.ts'
import { attemptHistories, copies } from './attempts.ts'
import { addPendingReminders, allSent, countOf, openStage } from './stage.ts'

const ROWS = 25

describe.skipIf(!hasRedis())('a notifier that is killed with messages in flight', () => {
  test('between begin and send: all go out once, and the lost attempts are on record as uncertain', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    const silence = smtp.script({ at: 'sender', act: 'hang' })
    await addPendingReminders(database, ROWS)
    await stage.start('listener')
    const doomed = await stage.start('notifier')
    await waitFor('all to stand before the server', () => silence.hits === ROWS)
    expect(await countOf(database, 'sending')).toBe(ROWS)
    await doomed.kill()
    silence.lift()

    await stage.start('notifier')
    await allSent(database, ROWS)
    expect(copies(smtp)).toEqual({ 1: ROWS })
    expect(await attemptHistories(database)).toEqual({ '1 uncertain, 2 accepted': ROWS })
  })

  test('during the send: what the server may have taken goes out again under the same Message-ID, and nothing else', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    const silence = smtp.script({ at: 'end', act: 'hang' })
    await addPendingReminders(database, ROWS)
    await stage.start('listener')
    const doomed = await stage.start('notifier')
    await waitFor('all to be handed over without an answer', () => silence.hits === ROWS)
    expect(await countOf(database, 'sending')).toBe(ROWS)
    await doomed.kill()
    silence.lift()

    await addPendingReminders(database, 10)
    await stage.start('notifier')
    await allSent(database, ROWS + 10)
    expect(copies(smtp)).toEqual({ 1: 10, 2: ROWS })
    expect(await attemptHistories(database)).toEqual({ '1 uncertain, 2 accepted': ROWS, '1 accepted': 10 })
  })

  test('between send and finish: the accepted messages go out again under the same Message-ID', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    await using proxy = await startProxy({ targetPort: Number(new URL(database.url).port), protocol: 'postgres' })
    proxy.delayUpstream(60_000, 'finish_reminder_delivery')
    await addPendingReminders(database, ROWS)
    await stage.start('listener')
    const doomed = await stage.start('notifier', { DATABASE_URL: throughProxy(database.url, proxy) })
    await waitFor(
      'all to be accepted and a finish to be on its way',
      () => smtp.received.length === ROWS && proxy.counters.delayed > 0,
    )
    expect(await countOf(database, 'sending')).toBe(ROWS)
    await doomed.kill()

    await stage.start('notifier')
    await allSent(database, ROWS)
    expect(copies(smtp)).toEqual({ 2: ROWS })
    expect(await attemptHistories(database)).toEqual({ '1 uncertain, 2 accepted': ROWS })
  })
})
