import { describe, expect, test, vi } from 'vitest'
import { startWebhookReceiver, type WebhookFake } from '../fakes/webhook/server.ts'
import type { Database } from '../support/database.ts'
import { startProxy } from '../support/proxy.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { throughProxy } from './addresses.ts'
import { addPendingReminders, allSent, openStage, type Stage } from './stage.ts'
import { to } from './two-channels.ts'

vi.setConfig({ testTimeout: 90_000 })

/** A stage whose services tell alerts to a receiver and a mail server, quickly. */
async function openAlertStage(): Promise<Stage & { receiver: WebhookFake }> {
  const stage = await openStage()
  const receiver = await startWebhookReceiver()
  const env = {
    ALERT_LEASE: '3',
    CHECK_INTERVAL: '0.5',
    OPERATIONS_EMAIL: 'team@ops.example',
    OPERATIONS_WEBHOOK_URL: receiver.url,
    OPERATIONS_WEBHOOK_SECRET: receiver.secret,
  }
  return {
    ...stage,
    receiver,
    start: (command, more = {}) => stage.start(command, { ...env, MAIL_URL: stage.smtp.url, ...more }),
    [Symbol.asyncDispose]: async () => {
      await stage[Symbol.asyncDispose]()
      await receiver[Symbol.asyncDispose]()
    },
  }
}

const raise = (database: Database, kind: string) =>
  database.query(`select expiry.raise_alert($1, 'critical', $1, '{}')`, [kind])
const resolve = (database: Database, kind: string) => database.query('select expiry.resolve_alert($1)', [kind])

/** Kinds and types of the webhooks so far, in order. */
const told = (receiver: WebhookFake) =>
  receiver.received.map(({ body }) => {
    const { type, data } = JSON.parse(body)
    return `${String(type).replace('alert.', '')} ${data.kind}`
  })

/** Subjects of the alerts' messages so far, in order. */
async function subjects({ smtp }: Stage): Promise<string[]> {
  const messages = smtp.received.filter(({ envelope }) => envelope.to.includes('team@ops.example'))
  return await Promise.all(messages.map(async (message) => (await message.parse()).subject ?? ''))
}

/** Whoever holds a lease now has renewed it so often since. */
async function someRounds(database: Database): Promise<void> {
  const until = async () =>
    (
      await database.query<{ until: number }>(
        'select max(extract(epoch from until))::float8 as until from expiry.alert_lease',
      )
    ).rows[0]?.until ?? 0
  const from = await until()
  await waitFor('the lease to be renewed for some rounds', async () => (await until()) > from + 2)
}

describe.skipIf(!hasRedis())('alerts of running services', () => {
  test('are told once, however many services run', async () => {
    await using stage = await openAlertStage()
    const { database, receiver } = stage
    const services = await Promise.all(
      (['listener', 'notifier', 'listener', 'notifier'] as const).map((one) => stage.start(one)),
    )
    await Promise.all(services.map((service) => service.waitForEvent('started')))
    for (const kind of ['test', 'mentor_stuck']) await raise(database, kind)
    await waitFor('both', async () => receiver.received.length >= 2 && (await subjects(stage)).length >= 2)
    await resolve(database, 'test')
    await waitFor('the all-clear', async () => receiver.received.length >= 3 && (await subjects(stage)).length >= 3)
    await someRounds(database)
    expect(told(receiver).sort()).toEqual(['opened mentor_stuck', 'opened test', 'resolved test'])
    expect((await subjects(stage)).sort()).toEqual([
      '[mentor-expiry] a mentor cannot be settled',
      '[mentor-expiry] over: this is a test',
      '[mentor-expiry] this is a test',
    ])
    expect(services.flatMap((service) => service.events('alert')).length).toBe(3)
  })

  test('whose teller is killed between send and record are told again under the same identity, by the next holder within its lease', async () => {
    await using stage = await openAlertStage()
    const { database, receiver, smtp } = stage
    await using proxy = await startProxy({ targetPort: Number(new URL(database.url).port), protocol: 'postgres' })
    proxy.delayUpstream(60_000, 'record_alert_notice')
    const doomed = await stage.start('listener', {
      DATABASE_URL: throughProxy(database.url, proxy),
      DATABASE_DIRECT_URL: database.url,
    })
    await doomed.waitForEvent('started')
    await raise(database, 'test')
    await waitFor('both to be told', async () => receiver.received.length === 1 && (await subjects(stage)).length === 1)
    await waitFor('the record to be on its way', () => proxy.counters.delayed > 0)
    await doomed.kill()
    const { rows } = await database.query('select from expiry.alert_notices where notices > 0')
    expect(rows).toEqual([])

    const killedAt = performance.now()
    await stage.start('notifier')
    await waitFor(
      'both to be told again',
      async () => receiver.received.length === 2 && (await subjects(stage)).length === 2,
    )
    expect(performance.now() - killedAt).toBeLessThan(10_000)
    await someRounds(database)
    expect([...receiver.countTaken().values()]).toEqual([2])
    expect([...smtp.countByMessageId().values()]).toEqual([2])
  })

  test.each([
    { alone: 'notifier', dead: 'listener' },
    { alone: 'listener', dead: 'notifier' },
  ] as const)(
    'are told by the $alone alone, which finds their causes too, with the queue and the $dead dead',
    async ({ alone }) => {
      await using stage = await openAlertStage()
      const { database, receiver, redis } = stage
      await addPendingReminders(database, 3)
      await database.query(`update expiry.reminder_dispatch_log set available_at = now() - interval '1 hour'`)
      await redis[Symbol.asyncDispose]()
      await stage.start(alone)
      await waitFor('the alert', async () => receiver.received.length === 1 && (await subjects(stage)).length === 1)
      expect(told(receiver)).toEqual(['opened rows_stuck'])
      expect(JSON.parse(receiver.received[0]?.body ?? '').data.facts).toEqual({ pending: 3, queued: 0, sending: 0 })
      await database.query(`update expiry.reminder_dispatch_log set available_at = now()`)
      await waitFor('the all-clear', async () => receiver.received.length === 2 && (await subjects(stage)).length === 2)
      await someRounds(database)
      expect(told(receiver)).toEqual(['opened rows_stuck', 'resolved rows_stuck'])
    },
  )

  test('are told by the listener alone, with the notifier dead', async () => {
    await using stage = await openAlertStage()
    const { database, receiver } = stage
    await addPendingReminders(database, 2)
    await stage.start('listener')
    await waitFor('the rows to be queued', async () => {
      const { rowCount } = await database.query(`select from expiry.reminder_dispatch_log where status = 'queued'`)
      return rowCount === 2
    })
    await database.query(`update expiry.reminder_dispatch_log set queued_at = now() - interval '1 hour'`)
    await waitFor('the alert', async () => receiver.received.length === 1 && (await subjects(stage)).length === 1)
    expect(told(receiver)).toEqual(['opened rows_stuck'])
    await stage.start('notifier')
    await allSent(database, 2)
    await waitFor('the all-clear', async () => receiver.received.length === 2 && (await subjects(stage)).length === 2)
  })

  test('about a channel out of order reach both, and one all-clear once it works again', async () => {
    await using stage = await openAlertStage()
    const { database, receiver } = stage
    await using channel = await startWebhookReceiver()
    await channel.down()
    await addPendingReminders(database, 2)
    for (const service of ['listener', 'notifier'] as const) await stage.start(service, to(channel))
    await waitFor('the alert', async () => receiver.received.length === 1 && (await subjects(stage)).length === 1)
    await channel.up()
    await allSent(database, 2)
    await waitFor('the all-clear', async () => receiver.received.length === 2 && (await subjects(stage)).length === 2)
    await someRounds(database)
    expect(told(receiver)).toEqual(['opened channel_out_of_order', 'resolved channel_out_of_order'])
    expect((await subjects(stage)).filter((subject) => subject.includes('over: '))).toHaveLength(1)
  })

  test('about the very mail server that they go through reach the webhook, and the mail once it works again', async () => {
    await using stage = await openAlertStage()
    const { database, receiver, smtp } = stage
    const trouble = smtp.script({ at: 'sender', act: { reply: 550, text: 'no: Mentor 1 <mentor@example.org>' } })
    await addPendingReminders(database, 5)
    const services = [await stage.start('listener'), await stage.start('notifier')]
    await waitFor('the webhook', () => told(receiver).length === 1)
    expect(told(receiver)).toEqual(['opened channel_out_of_order'])
    await waitFor('the mail to be refused', () =>
      services.some((service) => service.events('alert_not_told').length > 0),
    )
    trouble.lift()
    await allSent(database, 5)
    await waitFor('the mail', async () => (await subjects(stage)).length > 0)
    await waitFor('the all-clear', () => told(receiver).length === 2)
    await waitFor('the mail to be over', async () => (await subjects(stage)).at(-1)?.includes('over: ') === true)
    await someRounds(database)
    expect(told(receiver)).toEqual(['opened channel_out_of_order', 'resolved channel_out_of_order'])
    const lines = services.map((service) => JSON.stringify(service.log)).join('\n')
    const bodies = receiver.received.map(({ body }) => body).join('\n')
    expect(lines + bodies).not.toMatch(/Mentor \d|Coordinator \d|Organisation \d|@example\.org|team@ops/)
  })
})
