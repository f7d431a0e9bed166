import { describe, expect, test } from 'vitest'
import type { Fault } from '../fakes/smtp/faults.ts'
import { startSmtp } from '../fakes/smtp/server.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { alerts, attemptHistories, copies } from './attempts.ts'
import { addPendingReminders, allSent, countOf, openStage } from './stage.ts'

const ROWS = 30

describe.skipIf(!hasRedis())('a mail server that is out of order for a while costs no message an attempt', () => {
  test.each<{ what: string; fault: Fault; code: string }>([
    { what: 'it says 421 to everybody', fault: { at: 'greeting', act: { reply: 421 } }, code: 'smtp_421' },
    { what: 'it takes no password', fault: { at: 'auth', act: { reply: 535 } }, code: 'smtp_auth' },
    { what: 'it refuses our own address', fault: { at: 'sender', act: { reply: 550 } }, code: 'smtp_sender_550' },
    { what: 'it falls silent at the greeting', fault: { at: 'greeting', act: 'hang' }, code: 'timeout' },
  ])('$what', async ({ fault, code }) => {
    await using stage = await openStage()
    const { database } = stage
    await using smtp = await startSmtp({ auth: { user: 'user', password: 'secret' } })
    const trouble = smtp.script(fault)
    await addPendingReminders(database, ROWS)
    await stage.start('listener')
    const notifier = await stage.start('notifier', { MAIL_URL: smtp.url })
    await notifier.waitForEvent('gate_closed', { where: (line) => String(line.code).endsWith(code) })
    await waitFor('an alert', async () => (await alerts(database)).length > 0)
    // The first probing, or where that finds no fault the first message after it, must have met the trouble again.
    const hits = trouble.hits
    await waitFor('the trouble to be met again', () => trouble.hits > hits)
    expect(await countOf(database, 'failed', 'sent')).toBe(0)
    expect(await alerts(database)).toEqual([{ kind: 'channel_out_of_order', resolved: false }])
    expect(await attemptHistories(database)).toEqual({ null: ROWS })
    trouble.lift()

    await allSent(database, ROWS)
    expect(copies(smtp)).toEqual({ 1: ROWS })
    expect(await attemptHistories(database)).toEqual({ '1 accepted': ROWS })
    await waitFor('the alert to be resolved', async () => (await alerts(database)).every(({ resolved }) => resolved))
    expect(await alerts(database)).toHaveLength(1)
    expect(notifier.output).toBe('')
  })

  test('it goes down with messages in flight, and comes back', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    const slow = smtp.script({ at: 'recipient', act: { delayMs: 5_000 } })
    await addPendingReminders(database, ROWS)
    await stage.start('listener')
    const notifier = await stage.start('notifier', { DELIVERY_LEASE: '20', DELIVERY_DEADLINE: '8' })
    await waitFor('the messages to be in flight', () => slow.hits > 0)
    expect(await countOf(database, 'sending')).toBe(ROWS)
    slow.lift()
    await smtp.down()
    await notifier.waitForEvent('gate_closed')
    await waitFor('an alert', async () => (await alerts(database)).length > 0)
    await addPendingReminders(database, ROWS)
    await waitFor('all to be put back', async () => (await countOf(database, 'sending')) === 0)
    expect(await countOf(database, 'failed', 'sent')).toBe(0)
    await smtp.up()

    await allSent(database, 2 * ROWS)
    expect(copies(smtp)).toEqual({ 1: 2 * ROWS })
    expect(await attemptHistories(database)).toEqual({ '1 accepted': 2 * ROWS })
    await waitFor('the alert to be resolved', async () => (await alerts(database)).every(({ resolved }) => resolved))
  })
})
