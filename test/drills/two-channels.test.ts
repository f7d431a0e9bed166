import { describe, expect, test } from 'vitest'
import { startWebhookReceiver, type WebhookFake } from '../fakes/webhook/server.ts'
import { only, type Runner } from '../support/people.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { alerts, copies } from './attempts.ts'
import { addPendingReminders, allSent, countOf, openStage } from './stage.ts'
import { accepted, begun, taken, to } from './two-channels.ts'

const ROWS = 20

describe.skipIf(!hasRedis())('two channels, each with an outcome of its own', { timeout: 90_000 }, () => {
  test.each<{ what: string; code: string; begin: (receiver: WebhookFake) => Promise<() => Promise<void> | void> }>([
    {
      what: 'is down',
      code: 'connection_refused',
      begin: async (receiver) => {
        await receiver.down()
        return receiver.up
      },
    },
    {
      what: 'believes no signature',
      code: 'http_401',
      begin: async (receiver) => receiver.script({ act: { status: 401 } }).lift,
    },
    {
      what: 'stands behind a gateway that cannot reach it',
      code: 'http_502',
      begin: async (receiver) => receiver.script({ act: { status: 502 }, method: 'any' }).lift,
    },
    {
      what: 'hangs',
      code: 'timeout',
      begin: async (receiver) => receiver.script({ act: 'hang', method: 'any' }).lift,
    },
  ])(
    'a receiver that $what holds up no e-mail; when it is back every webhook arrives, and no e-mail again',
    async (trouble) => {
      await using stage = await openStage()
      const { database, smtp } = stage
      await using receiver = await startWebhookReceiver()
      const end = await trouble.begin(receiver)
      await addPendingReminders(database, ROWS)
      await stage.start('listener')
      // So few places that one blocked place would be felt.
      const env = { ...to(receiver), NOTIFIER_CONCURRENCY: '4', RETRY_CAP: '8' }
      const notifier = await stage.start('notifier', env)
      await notifier.waitForEvent('gate_closed', {
        where: (line) => line.channel === 'webhook' && line.code === trouble.code,
      })
      await waitFor('every e-mail', () => smtp.received.length === ROWS)
      await waitFor('an alert', async () => (await alerts(database)).length > 0)
      await addPendingReminders(database, ROWS)
      await waitFor('every new e-mail', () => smtp.received.length === 2 * ROWS)
      await waitFor('the pauses to have grown', async () => (await begun(database)).least >= 2, { deadlineMs: 40_000 })
      expect(await countOf(database, 'sent', 'failed')).toBe(0)
      expect(await alerts(database)).toEqual([{ kind: 'channel_out_of_order', resolved: false }])
      expect(await accepted(database)).toEqual({ email: 2 * ROWS })
      await end()

      await allSent(database, 2 * ROWS, 60_000)
      expect(copies(smtp)).toEqual({ 1: 2 * ROWS })
      expect(taken(receiver)).toEqual({ 1: 2 * ROWS })
      expect(await accepted(database)).toEqual({ email: 2 * ROWS, webhook: 2 * ROWS })
      await waitFor('the alert to be resolved', async () => (await alerts(database)).every(({ resolved }) => resolved))
      expect(notifier.output).toBe('')
    },
  )

  test('while its receiver is down for long, a reminder is begun a few times and not for ever', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    await using receiver = await startWebhookReceiver()
    await receiver.down()
    await addPendingReminders(database, ROWS)
    await stage.start('listener')
    await stage.start('notifier', { ...to(receiver), RETRY_BASE: '0.2', RETRY_CAP: '3600' })
    await waitFor('the pauses to have grown', async () => (await longestPause(database)) > 5, { deadlineMs: 60_000 })
    expect((await begun(database)).most).toBeLessThanOrEqual(6)
    expect(copies(smtp)).toEqual({ 1: ROWS })
    expect(await countOf(database, 'failed')).toBe(0)
  })

  test('a mail server that is down holds up no webhook; when it is back every e-mail arrives, and no webhook again', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    await using receiver = await startWebhookReceiver()
    await smtp.down()
    await addPendingReminders(database, ROWS)
    await stage.start('listener')
    const notifier = await stage.start('notifier', to(receiver))
    await notifier.waitForEvent('gate_closed', { where: ({ channel }) => channel === 'email' })
    await waitFor('every webhook', () => receiver.received.length === ROWS)
    expect(await countOf(database, 'sent', 'failed')).toBe(0)
    await smtp.up()

    await allSent(database, ROWS)
    expect([copies(smtp), taken(receiver)]).toEqual([{ 1: ROWS }, { 1: ROWS }])
  })

  test('a webhook alone, without any mail, is a way to be reminded, and nobody is told of the mail any more', async () => {
    await using stage = await openStage()
    const { database, smtp } = stage
    await using receiver = await startWebhookReceiver()
    await addPendingReminders(database, ROWS)
    await database.query(
      `select expiry.raise_alert('channel_out_of_order', 'critical', 'channel_out_of_order:email', '{}')`,
    )
    await stage.start('listener')
    const notifier = await stage.start('notifier', { ...to(receiver), MAIL_URL: '' })
    await allSent(database, ROWS)
    await waitFor('the alert to be resolved', async () => (await alerts(database)).every(({ resolved }) => resolved))
    expect(taken(receiver)).toEqual({ 1: ROWS })
    expect(notifier.events('started')).toMatchObject([{ channels: ['webhook'] }])
    expect(smtp.connections.accepted).toBe(0)
  })
})

/** Seconds. */
async function longestPause(runner: Runner): Promise<number> {
  const { rows } = await runner.query<{ seconds: number }>(
    `select max(extract(epoch from available_at - clock_timestamp()))::double precision as seconds
       from expiry.reminder_dispatch_log where status = 'pending'`,
  )
  return only(rows).seconds
}
