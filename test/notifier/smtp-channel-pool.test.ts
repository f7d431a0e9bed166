import { expect, test } from 'vitest'
import type { ChannelAnswer } from '../../contracts/delivery.ts'
import { parseMailUrl } from '../../runtime/mail-url.ts'
import { createComposer } from '../../services/notifier/channels/compose-message.ts'
import { createSmtpChannel, type SmtpChannelOptions } from '../../services/notifier/channels/smtp-channel.ts'
import type { Stage } from '../fakes/smtp/faults.ts'
import { startSmtp } from '../fakes/smtp/server.ts'
import { waitFor } from '../support/wait.ts'
import { exampleDelivery } from './delivery-example.ts'
import { startRelay } from './smtp-channel-relay.ts'

const composer = createComposer({ from: { name: 'Fjord', address: 'post@fjord.example' } })
const never = new AbortController().signal

function channelTo(url: string, options: Partial<SmtpChannelOptions> = {}) {
  return createSmtpChannel({ server: parseMailUrl(url), composer }, { maxConnections: 1, ...options })
}

test.each<[Stage, ChannelAnswer['kind']]>([
  ['greeting', 'out_of_order'],
  ['recipient', 'failed'], // it answers others, as a probe shows: silence for one recipient must not close the gate
  ['end', 'uncertain'],
])('a server that falls silent at %s is answered for at the deadline: %s', async (at, kind) => {
  await using smtp = await startSmtp()
  smtp.script({ at, act: 'hang' })
  await using channel = channelTo(smtp.url, { deadline: 2_000 })
  const started = performance.now()
  const answer = await channel.deliver(exampleDelivery(), never)
  expect(answer.kind).toBe(kind)
  expect(['timeout', 'smtp_timeout']).toContain(answer.code)
  expect(performance.now() - started).toBeLessThan(3_000)
})

test('waiting for a free connection counts against the deadline, and the message is put off', async () => {
  await using smtp = await startSmtp()
  smtp.script({ at: 'end', act: 'hang' })
  await using channel = channelTo(smtp.url, { deadline: 2_000 })
  const answers = await Promise.all([1, 2].map((id) => channel.deliver(exampleDelivery({ id }), never)))
  expect(answers.map((answer) => answer.kind)).toEqual(['uncertain', 'failed'])
})

test.each<[Stage, ChannelAnswer['kind']]>([
  ['recipient', 'out_of_order'],
  ['end', 'uncertain'],
])('an abort while the server is silent at %s is answered at once: %s', async (at, kind) => {
  await using smtp = await startSmtp()
  const silence = smtp.script({ at, act: 'hang' })
  await using channel = channelTo(smtp.url)
  const stop = new AbortController()
  const answer = channel.deliver(exampleDelivery(), stop.signal)
  await waitFor('the silence', () => silence.hits === 1)
  const started = performance.now()
  stop.abort()
  expect(await answer).toEqual({ kind, code: 'aborted' })
  expect(performance.now() - started).toBeLessThan(500)
})

test('a message cut off by its deadline leaves its connection to nobody, and the next one goes through', async () => {
  await using smtp = await startSmtp()
  smtp.script({ at: 'recipient', act: 'hang', times: 1 })
  await using channel = channelTo(smtp.url, { deadline: 2_000 })
  expect(await channel.deliver(exampleDelivery(), never)).toMatchObject({ kind: 'failed' })
  expect(await channel.deliver(exampleDelivery(), never)).toMatchObject({ kind: 'accepted' })
})

test.each([
  ['without a word', undefined],
  ['with 421', '421 4.4.2 idle for too long\r\n'],
])('a pooled connection that the server closed %s while idle costs no message', async (_how, farewell) => {
  await using smtp = await startSmtp()
  await using relay = await startRelay(smtp.port, { pipelining: true })
  await using channel = channelTo(relay.url)
  for (let id = 1; id <= 6; id += 1) {
    expect(await channel.deliver(exampleDelivery({ id }), never)).toMatchObject({ kind: 'accepted' })
    relay.hangUp(farewell)
  }
  expect(smtp.received).toHaveLength(6)
  expect(relay.sessions).toBeGreaterThan(1)
})

test('a server that was restarted between two messages costs neither', async () => {
  await using smtp = await startSmtp()
  await using channel = channelTo(smtp.url)
  expect(await channel.deliver(exampleDelivery({ id: 1 }), never)).toMatchObject({ kind: 'accepted' })
  await smtp.down()
  await smtp.up()
  expect(await channel.deliver(exampleDelivery({ id: 2 }), never)).toMatchObject({ kind: 'accepted' })
})

test.each(['sender', 'recipient', 'data'] as const)(
  'a session that the server ends with 421 at %s of its second message is begun again, not reported',
  async (at) => {
    await using smtp = await startSmtp()
    await using channel = channelTo(smtp.url)
    expect(await channel.deliver(exampleDelivery({ id: 1 }), never)).toMatchObject({ kind: 'accepted' })
    const end = smtp.script({ at, act: { reply: 421 }, times: 1 })
    expect(await channel.deliver(exampleDelivery({ id: 2 }), never)).toMatchObject({ kind: 'accepted' })
    expect([end.hits, smtp.received.length]).toEqual([1, 2])
  },
)

test('a message whose body left is never handed over a second time by itself', async () => {
  await using smtp = await startSmtp()
  await using channel = channelTo(smtp.url)
  expect(await channel.deliver(exampleDelivery({ id: 1 }), never)).toMatchObject({ kind: 'accepted' })
  const cut = smtp.script({ at: 'end', act: 'cut' })
  expect(await channel.deliver(exampleDelivery({ id: 2 }), never)).toMatchObject({ kind: 'uncertain' })
  expect(cut.hits).toBe(1)
  cut.lift()
  expect(await channel.deliver(exampleDelivery({ id: 3 }), never)).toMatchObject({ kind: 'accepted' })
})

test('many messages at once share the connections, and each arrives once', async () => {
  await using smtp = await startSmtp()
  await using channel = channelTo(smtp.url, { maxConnections: 3, maxMessages: 7 })
  const mentorKeys = Array.from({ length: 60 }, (_, index) => String(index).padStart(32, '0'))
  const answers = await Promise.all(
    mentorKeys.map((mentorKey) => channel.deliver(exampleDelivery({ mentorKey }), never)),
  )
  expect(answers.every((answer) => answer.kind === 'accepted')).toBe(true)
  expect([...smtp.countByMessageId().values()]).toEqual(mentorKeys.map(() => 1))
})

test('a channel that is closed finishes the message under way and takes no other', async () => {
  await using smtp = await startSmtp()
  const slow = smtp.script({ at: 'recipient', act: { delayMs: 100 } })
  const channel = channelTo(smtp.url)
  const answer = channel.deliver(exampleDelivery(), never)
  await waitFor('the recipient', () => slow.hits === 1)
  await channel[Symbol.asyncDispose]()
  expect(await answer).toMatchObject({ kind: 'accepted' })
  expect(await channel.deliver(exampleDelivery(), never)).toEqual({ kind: 'out_of_order', code: 'smtp_connect' })
  await waitFor('the connections to close', () => smtp.connections.open === 0)
})
