import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import type { ChannelAnswer } from '../../contracts/delivery.ts'
import { WebhookEvent } from '../../contracts/webhook-event.ts'
import { createWebhookChannel } from '../../services/notifier/channels/webhook-channel.ts'
import { startWebhookReceiver, type WebhookFake } from '../fakes/webhook/server.ts'
import { only } from '../support/people.ts'
import { exampleDelivery, exampleLapsed, exampleMentor, exampleRestored } from './delivery-example.ts'

const never = new AbortController().signal
const id = 'reminder_30_2027-03-05_0123456789abcdef0123456789abcdef'

function channelTo(receiver: Pick<WebhookFake, 'url' | 'secret'>, secrets = [receiver.secret]) {
  return createWebhookChannel({ receiver, secrets }, { maxConnections: 2, deadline: 5_000 })
}

/** The answer where the receiver says this to each message. */
async function answerTo(status: number, headers: Record<string, string> = {}): Promise<ChannelAnswer> {
  await using receiver = await startWebhookReceiver()
  receiver.script({ act: { status, headers, body: 'Kari Nordmann is unknown to ola@fjord.example' } })
  await using channel = channelTo(receiver)
  return await channel.deliver(exampleDelivery(), never)
}

test('a webhook says what the reminder is about, to whom and since when, and no more', async () => {
  await using receiver = await startWebhookReceiver()
  await using channel = channelTo(receiver)
  const url = 'https://host.example/mentors/M-1'
  const delivery = exampleDelivery({ mentor: exampleMentor({ url }), escalationEmail: 'leder@fjord.example' })
  expect(await channel.deliver(delivery, never)).toEqual({ kind: 'accepted', code: 'http_204', messageId: id })
  const { body, headers } = only(receiver.received)
  expect(JSON.parse(body)).toEqual({
    type: 'reminder.due',
    timestamp: '2027-02-03T00:15:00.123Z',
    data: {
      organisation: { slug: 'fjord', name: 'Fjord Likeperson' },
      mentor: { ref: 'M-1', name: 'Kari Nordmann', url },
      recipient: { kind: 'coordinator', name: 'Ola Hansen', email: 'ola@fjord.example', locale: 'nb' },
      escalationEmail: 'leder@fjord.example',
      urgency: 'notice',
      thresholdDay: 30,
      expiryDate: '2027-03-05',
      daysLeft: 30,
    },
  })
  expect(WebhookEvent.parse(JSON.parse(body))).toEqual(JSON.parse(body))
  expect(headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': id })
})

test('leaving and re-entering service are events of their own, under the identity of their own row', async () => {
  await using receiver = await startWebhookReceiver()
  await using channel = channelTo(receiver)
  const pausedUntil = '2027-04-01'
  await channel.deliver(exampleLapsed(), never)
  await channel.deliver(exampleRestored({ keyDate: '2028-01-01' }), never)
  await channel.deliver(exampleRestored({ standing: { status: 'paused', since: '2027-03-10', pausedUntil } }), never)
  expect(receiver.received.map((webhook) => webhook.id)).toEqual([
    'lapsed_0_2027-03-05_0123456789abcdef0123456789abcdef',
    'restored_0_2028-01-01_0123456789abcdef0123456789abcdef',
    'restored_0_2028-03-05_0123456789abcdef0123456789abcdef',
  ])
  const about = {
    organisation: { slug: 'fjord', name: 'Fjord Likeperson' },
    mentor: { ref: 'M-1', name: 'Kari Nordmann', url: null },
    recipient: { kind: 'coordinator', name: 'Ola Hansen', email: 'ola@fjord.example', locale: 'nb' },
    escalationEmail: null,
  }
  const back = { ...about, urgency: 'notice', expiryDate: '2028-03-05', since: '2027-03-10' }
  expect(receiver.received.map(({ body }) => [JSON.parse(body).type, JSON.parse(body).data])).toEqual([
    ['mentor.lapsed', { ...about, urgency: 'urgent', expiryDate: '2027-03-05', since: '2027-03-06' }],
    ['mentor.restored', { ...back, status: 'active', pausedUntil: null }],
    ['mentor.restored', { ...back, status: 'paused', pausedUntil }],
  ])
})

test('the signature is the HMAC of id, time and body to the byte, whatever letters a name has', async () => {
  await using receiver = await startWebhookReceiver()
  await using channel = channelTo(receiver)
  const mentor = exampleMentor({ name: 'Bjørn “Ægir” Åsnes 🎓\u2028' })
  await channel.deliver(exampleDelivery({ mentor }), never)
  const { body, headers } = only(receiver.received)
  const key = Buffer.from(receiver.secret.slice('whsec_'.length), 'base64')
  const signed = `${id}.${headers['webhook-timestamp']}.${body}`
  expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(signed, 'utf8').digest('base64')}`)
  expect(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1_000)).toBeLessThan(60)
})

test('a repeated attempt repeats the id and, where no fact has changed, the body', async () => {
  await using receiver = await startWebhookReceiver()
  receiver.script({ act: { status: 500 }, times: 1 })
  await using channel = channelTo(receiver)
  await channel.deliver(exampleDelivery(), never)
  const dueAt = '2027-02-03T01:15:00.123456+01:00'
  await channel.deliver(exampleDelivery({ attempt: 2, generation: 1, acceptedChannels: ['email'], dueAt }), never)
  await channel.deliver(exampleDelivery({ attempt: 3, daysLeft: 29 }), never)
  expect(receiver.received.map((webhook) => webhook.id)).toEqual([id, id, id])
  const [first, second, third] = receiver.received.map((webhook) => webhook.body)
  expect(second).toBe(first)
  expect(third).toBe(first?.replace('"daysLeft":30', '"daysLeft":29'))
})

test('while a secret is replaced, a receiver that knows either takes the webhook', async () => {
  const old = `whsec_${Buffer.alloc(24, 'old').toString('base64')}`
  const fresh = `whsec_${Buffer.alloc(64, 'new').toString('base64')}`
  for (const secret of [old, fresh]) {
    await using receiver = await startWebhookReceiver({ secret })
    await using channel = channelTo(receiver, [fresh, old])
    expect(await channel.deliver(exampleDelivery(), never)).toMatchObject({ kind: 'accepted' })
    expect(only(receiver.received).headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/)
    await using other = channelTo(receiver, [`whsec_${Buffer.alloc(24).toString('base64')}`])
    expect(await other.deliver(exampleDelivery(), never)).toEqual({ kind: 'out_of_order', code: 'http_401' })
  }
})

const kinds: Record<Exclude<ChannelAnswer['kind'], 'uncertain'>, number[]> = {
  accepted: [200, 201, 202, 204, 299],
  rejected: [400, 413, 422],
  failed: [408, 409, 423, 425, 429, 500, 507, 599],
  out_of_order: [300, 301, 302, 307, 308, 401, 402, 403, 404, 405, 407, 410, 411, 415, 421, 426, 431, 451, 501, 511],
}
test.each(Object.entries(kinds).flatMap(([kind, all]) => all.map((status) => ({ status, kind }))))(
  'the status $status is $kind, and nothing of the answer but its number goes on',
  async ({ status, kind }) => {
    const answer = await answerTo(status)
    expect(answer).toMatchObject({ kind, code: `http_${status}` })
    expect(JSON.stringify(answer)).not.toMatch(/Kari|ola@/)
  },
)

test.each([
  [502, { kind: 'failed', code: 'http_502', doubtful: true }, { kind: 'out_of_order', code: 'http_502' }],
  [503, { kind: 'failed', code: 'http_503', doubtful: true }, { kind: 'out_of_order', code: 'http_503' }],
  [
    504,
    { kind: 'uncertain', code: 'http_504', doubtful: true },
    { kind: 'uncertain', code: 'http_504', outOfOrder: true },
  ],
  [521, { kind: 'failed', code: 'http_521', doubtful: true }, { kind: 'out_of_order', code: 'http_521' }],
])(
  '%i is about this message where the receiver answers otherwise, else about the channel',
  async (status, one, all) => {
    await using receiver = await startWebhookReceiver()
    await using channel = channelTo(receiver)
    receiver.script({ act: { status } })
    expect(await channel.deliver(exampleDelivery(), never)).toEqual(one)
    expect(await channel.probe(never)).toBeUndefined()
    receiver.script({ act: { status }, method: 'OPTIONS' })
    expect(await channel.deliver(exampleDelivery(), never)).toEqual(all)
    expect(await channel.probe(never)).toBe(`http_${status}`)
  },
)

test.each([200, 204, 301, 400, 401, 403, 404, 405, 410, 429, 500])(
  'a probe that is answered %i finds a receiver that may take the next message, and hands over none',
  async (status) => {
    await using receiver = await startWebhookReceiver()
    receiver.script({ act: { status }, method: 'OPTIONS' })
    await using channel = channelTo(receiver)
    expect(await channel.probe(never)).toBeUndefined()
    expect(receiver.methods).toEqual(['OPTIONS'])
  },
)

test('a receiver that asks for a pause gets it, up to an hour', async () => {
  const pauseAfter = async (header: string) => {
    const answer = await answerTo(429, { 'retry-after': header })
    return answer.kind === 'failed' ? answer.retryAfter : Number.NaN
  }
  expect(await pauseAfter('120')).toBe(120)
  const untilDate = await pauseAfter(new Date(Date.now() + 600_000).toUTCString())
  expect(untilDate).toBeGreaterThan(500)
  expect(untilDate).toBeLessThanOrEqual(600)
  expect(await pauseAfter('99999999999')).toBe(3_600)
  for (const nonsense of ['0', '-5', 'soon', new Date(0).toUTCString()]) {
    expect(await pauseAfter(nonsense)).toBeUndefined()
  }
})

test('a redirect is not followed: whom it names gets nothing', async () => {
  await using elsewhere = await startWebhookReceiver()
  expect(await answerTo(308, { location: elsewhere.url })).toEqual({ kind: 'out_of_order', code: 'http_308' })
  expect([elsewhere.connections.accepted, elsewhere.methods]).toEqual([0, []])
})

test('what can be no webhook never reaches the wire', async () => {
  await using receiver = await startWebhookReceiver()
  await using channel = channelTo(receiver)
  const rejected = (code: string) => ({ kind: 'rejected', code })
  expect(await channel.deliver(exampleDelivery({ kind: 'lapsed' }), never)).toEqual(rejected('not_lapsed'))
  expect(await channel.deliver(exampleDelivery({ daysLeft: -1 }), never)).toEqual(rejected('already_lapsed'))
  expect(receiver.connections.accepted).toBe(0)
})
