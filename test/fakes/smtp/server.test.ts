import { createTransport, type SendMailOptions } from 'nodemailer'
import { expect, test } from 'vitest'
import { waitFor } from '../../support/wait.ts'
import type { Fault } from './faults.ts'
import { startSmtp } from './server.ts'

const MESSAGE = {
  from: 'sender@example.org',
  to: 'to@example.org',
  messageId: '<one@example.org>',
  subject: 'Bjørn 🎓',
  text: 'plain',
  html: '<p>rich</p>',
} satisfies SendMailOptions

function send(url: string, changes: SendMailOptions = {}, options: { timeoutMs?: number; ca?: string } = {}) {
  const { timeoutMs = 5_000, ca } = options
  const transport = createTransport({
    url,
    socketTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    tls: ca === undefined ? {} : { ca },
  })
  return transport.sendMail({ ...MESSAGE, ...changes })
}

test('a message arrives with its envelope, its identity and its words', async () => {
  await using smtp = await startSmtp()
  await send(smtp.url, { cc: 'cc@example.org' })
  const [message] = smtp.received
  expect(message?.envelope).toEqual({ from: 'sender@example.org', to: ['to@example.org', 'cc@example.org'] })
  expect(message?.messageId).toBe('<one@example.org>')
  const mail = await message?.parse()
  expect([mail?.subject, mail?.text?.trim(), mail?.html]).toEqual(['Bjørn 🎓', 'plain', '<p>rich</p>'])
})

test.each<[string, Fault, number]>([
  ['the connection', { at: 'greeting', act: { reply: 421 } }, 421],
  ['the sender', { at: 'sender', act: { reply: 451 } }, 451],
  ['the recipient', { at: 'recipient', act: { reply: 550 } }, 550],
  ['the command DATA', { at: 'data', act: { reply: 452 } }, 452],
  ['the message after its final dot', { at: 'end', act: { reply: 554 } }, 554],
])('refuses %s with the scripted code, and goes on when the fault is lifted', async (_what, fault, responseCode) => {
  await using smtp = await startSmtp()
  const scripted = smtp.script(fault)
  await expect(send(smtp.url)).rejects.toMatchObject({ responseCode })
  expect(smtp.received).toHaveLength(0)
  expect(scripted.hits).toBe(1)
  scripted.lift()
  await send(smtp.url)
  expect(smtp.received).toHaveLength(1)
})

test('greylists each address as often as scripted', async () => {
  await using smtp = await startSmtp()
  smtp.script({ at: 'recipient', act: { reply: 450 }, times: 1 })
  for (const to of ['first@example.org', 'second@example.org']) {
    await expect(send(smtp.url, { to })).rejects.toMatchObject({ responseCode: 450 })
    await send(smtp.url, { to })
  }
  expect(smtp.received).toHaveLength(2)
})

test('refuses To while it accepts Cc', async () => {
  await using smtp = await startSmtp()
  smtp.script({ at: 'recipient', act: { reply: 550 }, recipient: 'To@example.org' })
  const info = await send(smtp.url, { cc: 'cc@example.org' })
  expect([info.accepted, info.rejected]).toEqual([['cc@example.org'], ['to@example.org']])
  expect(smtp.received[0]?.envelope.to).toEqual(['cc@example.org'])
})

test('a fault for one address leaves the messages to others alone', async () => {
  await using smtp = await startSmtp()
  smtp.script({ at: 'end', act: { reply: 554 }, recipient: 'bad@example.org' })
  await expect(send(smtp.url, { to: 'bad@example.org' })).rejects.toMatchObject({ responseCode: 554 })
  await send(smtp.url)
  expect(smtp.received).toHaveLength(1)
})

test('a connection cut after the final dot leaves the message here and the sender in doubt', async () => {
  await using smtp = await startSmtp()
  smtp.script({ at: 'end', act: 'cut', times: 1 })
  await expect(send(smtp.url)).rejects.toThrow()
  await send(smtp.url)
  expect(smtp.countByMessageId()).toEqual(new Map([['<one@example.org>', 2]]))
})

test('a connection cut within the message leaves nothing here', async () => {
  await using smtp = await startSmtp()
  const fault = smtp.script({ at: 'content', act: 'cut' })
  await expect(send(smtp.url, { text: 'long\n'.repeat(400_000) })).rejects.toThrow()
  expect([fault.hits, smtp.received.length]).toEqual([1, 0])
})

test('replies late, or never', async () => {
  await using smtp = await startSmtp()
  const slow = smtp.script({ at: 'sender', act: { delayMs: 150 } })
  const start = performance.now()
  await send(smtp.url)
  expect(performance.now() - start).toBeGreaterThanOrEqual(149)
  slow.lift()
  smtp.script({ at: 'end', act: 'hang' })
  await expect(send(smtp.url, {}, { timeoutMs: 150 })).rejects.toThrow('imeout')
  expect(smtp.received).toHaveLength(2)
})

test('asks for a password, and says 535 to a wrong one', async () => {
  await using smtp = await startSmtp({ auth: { user: 'us er', password: 'p@ss' } })
  await send(smtp.url)
  const wrong = smtp.url.replace('p%40ss', 'wrong')
  await expect(send(wrong)).rejects.toMatchObject({ responseCode: 535 })
  await expect(send(`smtp://127.0.0.1:${smtp.port}`)).rejects.toMatchObject({ responseCode: 530 })
  smtp.script({ at: 'auth', act: { reply: 535 } })
  await expect(send(smtp.url)).rejects.toMatchObject({ responseCode: 535 })
  expect(smtp.received).toHaveLength(1)
})

test.each(['required', 'implicit'] as const)('TLS %s works with its certificate and with no other', async (tls) => {
  await using smtp = await startSmtp({ tls, auth: { user: 'user', password: 'secret' } })
  await expect(send(smtp.url)).rejects.toThrow('self-signed certificate')
  await send(smtp.url, {}, { ca: smtp.certificate ?? '' })
  expect(smtp.received).toHaveLength(1)
})

test('where TLS is required, neither a password nor a message is taken without', async () => {
  await using open = await startSmtp({ tls: 'required' })
  await expect(send(`${open.url}?ignoreTLS=true`)).rejects.toMatchObject({ responseCode: 530 })
  await using closed = await startSmtp({ tls: 'required', auth: { user: 'user', password: 'secret' } })
  await expect(send(`${closed.url}?ignoreTLS=true`)).rejects.toMatchObject({ code: 'EAUTH' })
  await using offered = await startSmtp({ tls: 'offered' })
  await send(`${offered.url}?ignoreTLS=true`)
  await send(offered.url, {}, { ca: offered.certificate ?? '' })
  expect(offered.received).toHaveLength(2)
})

test('is down and up again on the same port', async () => {
  await using smtp = await startSmtp()
  const pool = createTransport({ url: smtp.url, pool: true, maxConnections: 1 })
  await pool.sendMail(MESSAGE)
  expect(smtp.connections.open).toBe(1)
  await smtp.down()
  expect(smtp.connections.open).toBe(0)
  await expect(send(smtp.url)).rejects.toThrow('ECONNREFUSED')
  await smtp.up()
  await pool.sendMail(MESSAGE)
  pool.close()
  expect(smtp.received).toHaveLength(2)
  await waitFor('the pool to leave', () => smtp.connections.open === 0)
})

test('takes a flood over pooled connections and loses nothing', async () => {
  await using smtp = await startSmtp()
  const pool = createTransport({ url: smtp.url, pool: true, maxConnections: 10, maxMessages: Number.POSITIVE_INFINITY })
  const ids = Array.from({ length: 1_000 }, (_, n) => `<${n}@example.org>`)
  await Promise.all(ids.map((messageId) => pool.sendMail({ ...MESSAGE, messageId })))
  pool.close()
  expect([...smtp.countByMessageId().keys()].sort()).toEqual(ids.sort())
  expect(smtp.connections.accepted).toBeLessThanOrEqual(10)
})
