import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { createWebhookChannel } from '../../services/notifier/channels/webhook-channel.ts'
import { startWebhookReceiver, type WebhookFault } from '../fakes/webhook/server.ts'
import { createAuthority } from '../support/authority.ts'
import { waitFor } from '../support/wait.ts'
import { exampleDelivery } from './delivery-example.ts'

const never = new AbortController().signal
const secret = `whsec_${Buffer.alloc(32, 'x').toString('base64')}`
const outOfOrder = (code: string) => ({ kind: 'out_of_order', code })

function channelTo(url: string, options: { authority?: string; deadline?: number; maxConnections?: number } = {}) {
  const { authority, deadline = 5_000, maxConnections = 2 } = options
  const receiver = { url, ...(authority !== undefined && { authority: [authority] }) }
  return createWebhookChannel({ receiver, secrets: [secret] }, { maxConnections, deadline })
}

test('nobody listening, and a name that does not exist, are the fault of the channel', async () => {
  await using receiver = await startWebhookReceiver({ secret })
  await using channel = channelTo(receiver.url)
  await receiver.down()
  expect(await channel.deliver(exampleDelivery(), never)).toEqual(outOfOrder('connection_refused'))
  expect(await channel.probe(never)).toBe('connection_refused')
  await receiver.up()
  expect(await channel.probe(never)).toBeUndefined()
  expect(await channel.deliver(exampleDelivery(), never)).toMatchObject({ kind: 'accepted' })
  await using lost = channelTo('https://no-such-host.invalid/hook')
  expect(await lost.deliver(exampleDelivery(), never)).toEqual(outOfOrder('dns'))
})

test('a receiver with a certificate of the authority gets the webhook, and no other does', async () => {
  const authority = createAuthority()
  const known = { authority: authority.cert }
  await using receiver = await startWebhookReceiver({ secret, certificate: authority.issue() })
  await using channel = channelTo(receiver.url, known)
  expect(await channel.deliver(exampleDelivery(), never)).toMatchObject({ kind: 'accepted' })
  expect(await channel.probe(never)).toBeUndefined()

  const faulty = [
    { certificate: createAuthority().issue(), what: 'unknown authority' },
    { certificate: authority.issue({ hosts: ['other.example'] }), what: 'another name' },
    { certificate: authority.issue({ until: -1 }), what: 'expired' },
  ]
  for (const { certificate, what } of faulty) {
    await using stranger = await startWebhookReceiver({ secret, certificate })
    await using wary = channelTo(stranger.url, known)
    expect(await wary.deliver(exampleDelivery(), never), what).toEqual(outOfOrder('tls'))
    expect(await wary.probe(never), what).toBe('tls')
    expect([stranger.received, stranger.methods], what).toEqual([[], []])
  }
  await using unknown = channelTo(receiver.url)
  expect(await unknown.deliver(exampleDelivery(), never)).toEqual(outOfOrder('tls'))
})

test('TLS to a server that speaks none is the fault of the channel', async () => {
  await using plain = await startWebhookReceiver({ secret })
  await using channel = channelTo(plain.url.replace('http:', 'https:'))
  expect(await channel.deliver(exampleDelivery(), never)).toEqual(outOfOrder('tls'))
  expect(plain.methods).toEqual([])
})

test.each<{ what: string; act: WebhookFault['act']; code: string }>([
  { what: 'cut off', act: 'cut', code: 'connection_cut' },
  { what: 'left without an answer', act: 'hang', code: 'timeout' },
])('a webhook that is $what may have been taken; whether the channel works as well, a probe tells', async (given) => {
  const { act, code } = given
  await using receiver = await startWebhookReceiver({ secret })
  await using channel = channelTo(receiver.url, { deadline: 2_000 })
  receiver.script({ act })
  const uncertain = { kind: 'uncertain', code }
  expect(await channel.deliver(exampleDelivery(), never)).toEqual({ ...uncertain, doubtful: true })
  receiver.script({ act, method: 'OPTIONS' })
  const begun = performance.now()
  expect(await channel.deliver(exampleDelivery(), never)).toEqual({ ...uncertain, outOfOrder: true })
  expect(performance.now() - begun).toBeLessThan(4_000)
  expect(receiver.received).toHaveLength(2)
})

test('a receiver that accepts connections and says nothing holds nobody longer than the deadline', async () => {
  const silent = createServer()
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const address = silent.address()
  const port = typeof address === 'object' ? address?.port : undefined
  await using channel = channelTo(`https://127.0.0.1:${port}/`, { deadline: 1_000 })
  expect(await channel.deliver(exampleDelivery(), never)).toEqual(outOfOrder('timeout'))
  expect(await channel.probe(never)).toBe('timeout')
  silent.close()
})

test('what is no HTTP is no receiver', async () => {
  await using receiver = await startWebhookReceiver({ secret })
  await using channel = channelTo(receiver.url)
  receiver.script({ act: { raw: '220 mail.example.org ESMTP\r\n' }, method: 'any' })
  expect(await channel.deliver(exampleDelivery(), never)).toEqual(outOfOrder('http_protocol'))
  expect(await channel.probe(never)).toBe('http_protocol')
})

test('a receiver that took the message and answers what cannot be read may have taken it', async () => {
  await using receiver = await startWebhookReceiver({ secret })
  await using channel = channelTo(receiver.url)
  receiver.script({ act: { raw: `HTTP/1.1 200 OK\r\nset-cookie: ${'x'.repeat(20_000)}\r\n\r\n` } })
  expect(await channel.deliver(exampleDelivery(), never)).toEqual({
    kind: 'uncertain',
    code: 'http_malformed',
    doubtful: true,
  })
})

test('an answer that never ends, or is endless, counts by its status at once', async () => {
  await using receiver = await startWebhookReceiver({ secret })
  await using channel = channelTo(receiver.url, { deadline: 30_000, maxConnections: 1 })
  for (const rest of ['', 'x'.repeat(9_000)]) {
    const raw = `HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n${rest}`
    const fault = receiver.script({ act: { raw } })
    const begun = performance.now()
    expect(await channel.deliver(exampleDelivery(), never)).toMatchObject({ kind: 'accepted', code: 'http_200' })
    expect(performance.now() - begun).toBeLessThan(5_000)
    fault.lift()
    // The one connection that there is has been given back.
    expect(await channel.deliver(exampleDelivery(), never)).toMatchObject({ kind: 'accepted', code: 'http_204' })
  }
})

test('a slow answer is waited for on a connection that has been idle, and a burst keeps to its connections', async () => {
  await using receiver = await startWebhookReceiver({ secret })
  await using channel = channelTo(receiver.url, { deadline: 20_000, maxConnections: 3 })
  const mentorKeys = Array.from({ length: 60 }, (_, index) => String(index).padStart(32, '0'))
  const send = () => mentorKeys.map((mentorKey) => channel.deliver(exampleDelivery({ mentorKey }), never))
  const answers = await Promise.all(send())
  expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['accepted']))
  expect([...receiver.countTaken().values()]).toEqual(mentorKeys.map(() => 1))
  expect(receiver.connections.accepted).toBeLessThanOrEqual(3)
  receiver.script({ act: { delayMs: 2_500 }, times: 1 })
  expect(await channel.deliver(exampleDelivery(), never)).toMatchObject({ kind: 'accepted' })
  await waitFor('idle connections to be closed', () => receiver.connections.open === 0)
})

test('one webhook after the other goes over the same connection, and is uncertain where that one is cut', async () => {
  await using receiver = await startWebhookReceiver({ secret })
  await using channel = channelTo(receiver.url)
  for (let count = 0; count < 3; count += 1) {
    expect(await channel.deliver(exampleDelivery(), never)).toMatchObject({ kind: 'accepted' })
  }
  receiver.script({ act: 'cut' })
  expect(await channel.deliver(exampleDelivery(), never)).toMatchObject({ kind: 'uncertain', code: 'connection_cut' })
  expect(receiver.received).toHaveLength(4)
  // The second is the probe's own.
  expect(receiver.connections.accepted).toBe(2)
})

test('told to give up, it answers at once: out of order before a connection, uncertain after', async () => {
  await using receiver = await startWebhookReceiver({ secret })
  await using channel = channelTo(receiver.url, { deadline: 30_000 })
  expect(await channel.deliver(exampleDelivery(), AbortSignal.abort())).toEqual(outOfOrder('aborted'))
  const silence = receiver.script({ act: 'hang', method: 'any' })
  const stop = new AbortController()
  const answer = channel.deliver(exampleDelivery(), stop.signal)
  await waitFor('the webhook to be there', () => silence.hits === 1)
  stop.abort()
  expect(await answer).toEqual({ kind: 'uncertain', code: 'aborted' })
  expect(receiver.methods).toEqual(['POST'])
})
