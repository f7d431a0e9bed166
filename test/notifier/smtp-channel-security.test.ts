import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parseMailUrl } from '../../runtime/mail-url.ts'
import { createComposer } from '../../services/notifier/channels/compose-message.ts'
import { createSmtpChannel } from '../../services/notifier/channels/smtp-channel.ts'
import { type SmtpOptions, startSmtp } from '../fakes/smtp/server.ts'
import { exampleDelivery } from './delivery-example.ts'

const composer = createComposer({ from: { name: 'Fjord', address: 'post@fjord.example' } })
const never = new AbortController().signal
const accepted = { kind: 'accepted', code: 'smtp_250' }
const auth = { user: 'post@fjord', password: 'p@ss:/wørd' }

/** A server, and its certificate in a file that `?caFile=` can name. */
async function startTrusted(options: SmtpOptions) {
  const smtp = await startSmtp(options)
  const folder = await mkdtemp(path.join(tmpdir(), 'smtp ca-'))
  const caFile = path.join(folder, 'ca.pem')
  await writeFile(caFile, smtp.certificate ?? '')
  return {
    smtp,
    trusting: `?caFile=${encodeURIComponent(caFile)}`,
    [Symbol.asyncDispose]: async () => {
      await smtp[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function deliverAndProbe(url: string) {
  const server = parseMailUrl(url)
  await using channel = createSmtpChannel({ server, composer }, { maxConnections: 1, probeDeadline: 2_000 })
  return { answer: await channel.deliver(exampleDelivery(), never), probe: await channel.probe(never) }
}

test.each(['offered', 'required'] as const)(
  'STARTTLS is used where it is %s, and the password goes through it',
  async (tls) => {
    await using server = await startTrusted({ tls, auth })
    const { answer, probe } = await deliverAndProbe(server.smtp.url + server.trusting)
    expect(answer).toMatchObject(accepted)
    expect(probe).toBeUndefined()
  },
)

test('smtps speaks TLS from the first byte', async () => {
  await using server = await startTrusted({ tls: 'implicit', auth })
  const { answer, probe } = await deliverAndProbe(server.smtp.url + server.trusting)
  expect(answer).toMatchObject(accepted)
  expect(probe).toBeUndefined()
})

test.each(['offered', 'implicit'] as const)(
  'with TLS %s, a certificate that nobody vouches for is the fault of the channel',
  async (tls) => {
    await using smtp = await startSmtp({ tls })
    const outcome = await deliverAndProbe(smtp.url)
    expect(outcome).toEqual({ answer: { kind: 'out_of_order', code: 'smtp_tls' }, probe: 'smtp_tls' })
    expect(smtp.received).toEqual([])
    expect((await deliverAndProbe(`${smtp.url}?rejectUnauthorized=false`)).answer).toMatchObject(accepted)
  },
)

test('requireTLS never falls back to a connection in the clear', async () => {
  await using smtp = await startSmtp()
  const outcome = await deliverAndProbe(`${smtp.url}?requireTLS=true`)
  expect(outcome).toEqual({ answer: { kind: 'out_of_order', code: 'smtp_starttls' }, probe: 'smtp_starttls' })
  expect(smtp.received).toEqual([])
  expect((await deliverAndProbe(smtp.url)).answer).toMatchObject(accepted)
})

test('a server that speaks TLS where none is expected, and the other way round, is the fault of the channel', async () => {
  await using implicit = await startSmtp({ tls: 'implicit' })
  const server = parseMailUrl(implicit.url.replace('smtps:', 'smtp:'))
  await using channel = createSmtpChannel(
    { server, composer },
    { maxConnections: 1, deadline: 500, probeDeadline: 500 },
  )
  expect(await channel.deliver(exampleDelivery(), never)).toMatchObject({ kind: 'out_of_order' })
  expect(await channel.probe(never)).toBeDefined()
  await using plain = await startSmtp()
  const { answer, probe } = await deliverAndProbe(plain.url.replace('smtp:', 'smtps:'))
  const code = 'smtp_protocol'
  expect({ answer, probe }).toEqual({ answer: { kind: 'out_of_order', code }, probe: code })
})

test('a wrong password is the fault of the channel for every message, and the right one makes it work again', async () => {
  await using smtp = await startSmtp({ auth })
  const server = { ...parseMailUrl(smtp.url), auth: { user: auth.user, pass: 'wrong' } }
  await using channel = createSmtpChannel({ server, composer }, { maxConnections: 3 })
  const answers = await Promise.all([1, 2, 3, 4, 5].map((id) => channel.deliver(exampleDelivery({ id }), never)))
  expect(answers).toEqual(answers.map(() => ({ kind: 'out_of_order', code: 'smtp_auth' })))
  expect(await channel.probe(never)).toBe('smtp_auth')
  const right = await deliverAndProbe(smtp.url)
  expect(right.answer).toMatchObject(accepted)
  expect(right.probe).toBeUndefined()
})

test('a server that wants a password and gets none refuses the channel, not the message', async () => {
  await using smtp = await startSmtp({ auth })
  const { answer } = await deliverAndProbe(`smtp://127.0.0.1:${smtp.port}`)
  expect(answer).toEqual({ kind: 'out_of_order', code: 'smtp_sender_530' })
})

test('a password that the server does not ask for is not dropped in silence', async () => {
  await using smtp = await startSmtp()
  smtp.script({ at: 'recipient', act: { reply: 554, text: 'relay access denied' } })
  const outcome = await deliverAndProbe(smtp.url.replace('//', '//user:secret@'))
  expect(outcome).toEqual({ answer: { kind: 'out_of_order', code: 'smtp_no_auth' }, probe: 'smtp_no_auth' })
})

test.each([500, 502, 503, 504, 530, 538])('a server that answers %i to AUTH offers no login', async (reply) => {
  await using smtp = await startSmtp({ auth })
  smtp.script({ at: 'auth', act: { reply } })
  const outcome = await deliverAndProbe(smtp.url)
  expect(outcome).toEqual({ answer: { kind: 'out_of_order', code: 'smtp_no_auth' }, probe: 'smtp_no_auth' })
})

test('a probe ends at its deadline, and at once when told to stop', async () => {
  await using smtp = await startSmtp()
  smtp.script({ at: 'greeting', act: 'hang' })
  const deps = { server: parseMailUrl(smtp.url), composer }
  await using channel = createSmtpChannel(deps, { maxConnections: 1, probeDeadline: 300 })
  const started = performance.now()
  expect(await channel.probe(AbortSignal.abort())).toBe('aborted')
  expect(['timeout', 'smtp_timeout']).toContain(await channel.probe(never))
  expect(performance.now() - started).toBeLessThan(3_000)
})

const special =
  'special characters in user and password are percent-encoded (@ is %40, : is %3A, / is %2F, # is %23, ? is %3F)'

test.each([
  ['http://mail.example', 'must be an smtp:// or smtps:// URL'],
  ['no url at all', 'must be an smtp:// or smtps:// URL'],
  ['smtp://', 'names no host'],
  ['smtp://secret@mail.example/path', 'has a path, which means nothing to a mail server'],
  ['smtp://mail.example?requireTLS=perhaps', 'has bad options in its query: requireTLS'],
  [
    'smtp://mail.example?logger=true',
    'has bad options in its query: an unknown option (known are requireTLS, ignoreTLS, authMethod, name, caFile, servername, rejectUnauthorized, minVersion)',
  ],
  ['smtp://mail.example?caFile=/does/not/exist', 'names a caFile that cannot be read (ENOENT)'],
  ['smtp://user:pass/word@mail.example:587', `is no URL: ${special}`],
  ['smtps://user:pass#word@mail.example', `is no URL: ${special}`],
  ['smtp://user:pass?word@mail.example?requireTLS=true', `is no URL: ${special}`],
  // The digits before are a port, and the user is the host.
  ['smtp://user:12/34@mail.example', `has a path, which means nothing to a mail server; ${special}`],
  ['smtp://user:12#34@mail.example', `has a #, which means nothing to a mail server; ${special}`],
  [
    'smtp://user:12?34@mail.example',
    `has bad options in its query: an unknown option (known are requireTLS, ignoreTLS, authMethod, name, caFile, servername, rejectUnauthorized, minVersion); ${special}`,
  ],
  ['smtp://user:%zz@mail.example', 'has a user or password that is not percent-encoded'],
  [
    'smtps://:%zz@mail.example/path?name=&caFile=/does/not/exist',
    'has a path, which means nothing to a mail server; has bad options in its query: name; has a user or password that is not percent-encoded',
  ],
])('MAIL_URL %s is refused with the reason alone', (url, reason) => {
  expect(() => parseMailUrl(url)).toThrow(new Error(reason))
})

test('MAIL_URL without a port means the usual one', () => {
  expect(parseMailUrl('smtp://mail.example')).toMatchObject({ host: 'mail.example', port: 587, secure: false })
  expect(parseMailUrl('smtps://mail.example')).toMatchObject({ port: 465, secure: true })
  expect(parseMailUrl('smtp://[::1]:25')).toMatchObject({ host: '::1', port: 25 })
})
