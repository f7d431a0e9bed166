import { beforeEach, expect, test } from 'vitest'
import { type SmtpFake, startSmtp } from '../fakes/smtp/server.ts'
import { startWebhookReceiver, type WebhookFake } from '../fakes/webhook/server.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { startService } from '../support/services.ts'
import { runToEnd } from './ending.ts'

let database: Database
let smtp: SmtpFake
let receiver: WebhookFake
beforeEach(async () => {
  database = await freshDatabase()
  smtp = await startSmtp()
  receiver = await startWebhookReceiver()
  return async () => {
    for (const resource of [receiver, smtp, database]) await resource[Symbol.asyncDispose]()
  }
})

const both = () => ({
  MAIL_URL: smtp.url,
  MAIL_FROM: 'alerts@ops.example',
  OPERATIONS_EMAIL: 'team@ops.example',
  OPERATIONS_WEBHOOK_URL: receiver.url,
  OPERATIONS_WEBHOOK_SECRET: receiver.secret,
  ALERT_LEASE: '6',
  RETRY_BASE: '1',
})

const run = (env: Record<string, string>, ...args: string[]) => runToEnd(database, ['alert-test', ...args], env)
const subjects = async () =>
  (await Promise.all(smtp.received.map((message) => message.parse()))).map(({ subject }) => subject)
const testSubjects = ['[mentor-expiry] this is a test', '[mentor-expiry] over: this is a test']
const types = () => receiver.received.map(({ body }) => JSON.parse(body).type)
const openAlerts = async () =>
  (await database.query('select from expiry.operations_alerts where resolved_at is null')).rowCount

test('without a service it tells both destinations itself, once, and that it is over', async () => {
  const { code, output } = await run(both())
  expect(output).toBe('email: told, and that it is over\nwebhook: told, and that it is over')
  expect(code).toBe(0)
  expect(await subjects()).toEqual(testSubjects)
  expect(types()).toEqual(['alert.opened', 'alert.resolved'])
  expect(await openAlerts()).toBe(0)
  expect((await database.query('select from expiry.alert_lease')).rowCount).toBe(0)
})

test('other alerts are left to the services, untold', async () => {
  await database.query(`select expiry.raise_alert('nightly_late', 'critical', 'nightly_late', '{}')`)
  const { code } = await run(both())
  expect(code).toBe(0)
  expect(await subjects()).toEqual(testSubjects)
  expect(types()).toEqual(['alert.opened', 'alert.resolved'])
  const told = await database.query(
    `select distinct a.kind from expiry.alert_notices as n join expiry.operations_alerts as a on a.id = n.alert_id`,
  )
  expect(told.rows).toEqual([{ kind: 'test' }])
})

test('a running service tells it, also where the command knows no destination', async () => {
  await using notifier = await startService(['notifier'], {
    DATABASE_URL: database.url,
    QUEUE_URL: 'redis://127.0.0.1:1',
    ...both(),
  })
  await notifier.waitForEvent('waiting', { where: ({ reason }) => reason === 'queue_unreachable' })
  const { code, output } = await run({}, '--json')
  expect(JSON.parse(output)).toEqual({
    destinations: ['email', 'webhook'].map((destination) => ({
      destination,
      outcome: 'told',
      code: null,
      cleared: true,
    })),
  })
  expect(code).toBe(0)
  expect(
    notifier
      .events('alert_told')
      .map(({ destination, notice }) => `${destination} ${notice}`)
      .sort(),
  ).toEqual(['email opened', 'email resolved', 'webhook opened', 'webhook resolved'])
  expect(await subjects()).toEqual(testSubjects)
})

test('one that does not take it is named with its code, and the other has it', async () => {
  smtp.script({ at: 'recipient', act: { reply: 550, text: 'no such Kari <kari@people.example>' } })
  const { code, output } = await run(both())
  expect(output).toMatch(/^email: not told, smtp_550, .*\nwebhook: told, and that it is over$/)
  expect(output).not.toMatch(/Kari|people/)
  expect(code).toBe(1)
  expect(await openAlerts()).toBe(0)
})

test('where nobody would be told, that is the answer', async () => {
  const { code, output } = await run({})
  expect(output).toContain('set OPERATIONS_EMAIL or OPERATIONS_WEBHOOK_URL')
  expect(code).toBe(1)
})

test.each([
  [{ OPERATIONS_EMAIL: 'team@ops.example' }, 'MAIL_URL: is needed with OPERATIONS_EMAIL'],
  [{ OPERATIONS_EMAIL: 'nobody', MAIL_OUTBOX: '/tmp' }, 'OPERATIONS_EMAIL: must be one e-mail address'],
  [{ OPERATIONS_WEBHOOK_URL: 'https://ops.example' }, 'OPERATIONS_WEBHOOK_SECRET: is needed'],
  [{ OPERATIONS_WEBHOOK_SECRET: 'short' }, 'OPERATIONS_WEBHOOK_SECRET: must be whsec_'],
])('%o is bad configuration', async (env, fault) => {
  const { code, output } = await run(env)
  expect(output).toContain(fault)
  expect(code).toBe(2)
})
