import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../embedded/folder.ts'
import type { Database } from '../support/database.ts'
import { waitFor } from '../support/wait.ts'
import { startTelling } from './telling.ts'

const raise = (database: Database, kind: string, details: object = {}) =>
  database.query(`select expiry.raise_alert($1, 'critical', $1, $2)`, [kind, details])
const resolve = (database: Database, kind: string) => database.query('select expiry.resolve_alert($1)', [kind])

test('an alert that stays open is told again after the set time, each time under an identity of its own', async () => {
  await using telling = await startTelling({ ALERT_REPEAT: '0.3' })
  const { database, smtp, receiver } = telling
  await raise(database, 'test')
  await waitFor('three of each', () => smtp.received.length >= 3 && receiver.received.length >= 3)
  expect((await telling.received()).email.slice(0, 3)).toEqual(['opened test', 'repeated test', 'repeated test'])
  const ids = receiver.received.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  const [first, second] = await Promise.all(smtp.received.slice(0, 2).map((message) => message.parse()))
  expect(second?.references).toBe(first?.messageId) // a mail program shows them together
})

test('a mail server that is down keeps no webhook back, and is told when it works again', async () => {
  await using telling = await startTelling()
  const { database, smtp, receiver } = telling
  await smtp.down()
  await raise(database, 'channel_out_of_order', { channel: 'email', code: 'smtp_connect' })
  await waitFor('the webhook', () => receiver.received.length === 1)
  await waitFor(
    'failures at the mail server',
    () => telling.events.filter((event) => event.kind === 'alert_not_told' && event.code === 'smtp_connect').length > 1,
  )
  await smtp.up()
  await telling.settles('opened channel_out_of_order')
  await resolve(database, 'channel_out_of_order')
  await telling.settles('opened channel_out_of_order', 'resolved channel_out_of_order')
})

test('what was over before the mail server came back is told as over, once', async () => {
  await using telling = await startTelling()
  const { database, smtp, receiver } = telling
  await smtp.down()
  await raise(database, 'test')
  await waitFor('a failure', () => telling.events.some((event) => event.kind === 'alert_not_told'))
  await waitFor('the webhook', () => receiver.received.length === 1)
  await resolve(database, 'test')
  await waitFor('the all-clear', () => receiver.received.length === 2)
  await smtp.up()
  await waitFor('the mail', () => smtp.received.length > 0)
  expect(await telling.received()).toEqual({ email: ['resolved test'], webhook: ['opened test', 'resolved test'] })
})

test('a mail server that hangs does not hold webhooks up, and the lease is kept meanwhile', async () => {
  await using telling = await startTelling({ ALERT_LEASE: '12' })
  const { database, smtp, receiver } = telling
  const silence = smtp.script({ at: 'greeting', act: 'hang' })
  for (const kind of ['test', 'nightly_late', 'mentor_stuck']) await raise(database, kind)
  await waitFor('all webhooks', () => receiver.received.length === 3)
  expect(telling.events.filter((event) => event.kind === 'alert_not_told')).toEqual([])
  await waitFor('a deadline at the mail server', () =>
    telling.events.some((event) => event.kind === 'alert_not_told' && event.code === 'timeout'),
  )
  silence.lift()
  await waitFor('all messages', () => smtp.received.length === 3)
})

test('an answer that got lost leads to the same webhook again, and to one all-clear', async () => {
  await using telling = await startTelling()
  const { database, receiver } = telling
  receiver.script({ act: 'cut', times: 1 })
  await raise(database, 'test')
  await waitFor('a repetition', () => receiver.received.length === 2)
  const [first, second] = receiver.received
  expect({ ...second, headers: {}, status: 0 }).toEqual({ ...first, headers: {}, status: 0 })
})

test('details that hold more than codes, counts and ids lose it on the way, and nothing else', async () => {
  await using telling = await startTelling()
  await raise(telling.database, 'duplicate_reminders', {
    count: 7,
    phases: ['Kari Nordmann <kari@people.example>'],
    code: 'Kari Nordmann',
    mentors: ['kari@people.example'],
    note: 'call Ola',
  })
  await raise(telling.database, 'of_a_later_version', { name: 'Ola Hansen' })
  await telling.settles('opened duplicate_reminders', 'opened of_a_later_version')
  const everything = await telling.everything()
  expect(everything).not.toMatch(/Kari|kari|Nordmann|people|Ola|Hansen/)
  expect(everything).toContain('7 reminders since the last daily check')
  expect(everything).toContain('mentor-expiry explain <organisation>/<id>')
})

test('on a copy of a production database the message goes to the tester, and says for whom it was', async () => {
  await using telling = await startTelling({ MAIL_REDIRECT_TO: 'tester@ops.example' })
  await raise(telling.database, 'test')
  await telling.settles('opened test')
  expect(telling.smtp.received.map(({ envelope }) => envelope.to)).toEqual([['tester@ops.example']])
  expect(await telling.everything()).toContain('this was meant for team@ops.example')
})

test('with an outbox the message is a file that only its owner reads', async () => {
  await using folder = await temporaryFolder('alerts')
  await using telling = await startTelling({ MAIL_URL: '', MAIL_OUTBOX: folder.path })
  await raise(telling.database, 'nightly_late', { organisations: 2, blocked: false })
  const files = async () => (await readdir(folder.path)).filter((name) => name.endsWith('.eml'))
  await waitFor('the file', async () => (await files()).length === 1)
  const [file = ''] = await files()
  expect(await readFile(join(folder.path, file), 'utf8')).toMatch(
    /^Subject: \[mentor-expiry\] the night is late[\s\S]*The night of 2 organisations[\s\S]*docs\/runbooks\/night-late\.md/m,
  )
})

test('without a destination an alert is a line in the log, and stays in the table', async () => {
  await using telling = await startTelling({
    OPERATIONS_EMAIL: '',
    OPERATIONS_WEBHOOK_URL: '',
    OPERATIONS_WEBHOOK_SECRET: '',
  })
  const { database, events } = telling
  await raise(database, 'nightly_late', { organisations: 1, blocked: false }) // a blocked one would end by the next look
  await waitFor('the line', () => events.length > 0)
  await resolve(database, 'nightly_late')
  await waitFor('its end', () => events.length > 1)
  expect(events).toMatchObject([
    { kind: 'alert', about: 'nightly_late', notice: 'opened', severity: 'critical', facts: { organisations: 1 } },
    { kind: 'alert', about: 'nightly_late', notice: 'resolved' },
  ])
  const { rows } = await database.query('select notified_at from expiry.operations_alerts')
  expect(rows).toEqual([{ notified_at: null }])
})
