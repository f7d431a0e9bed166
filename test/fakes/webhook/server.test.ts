import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { startWebhookReceiver, type WebhookFake } from './server.ts'

const body = '{"type":"example"}'

function send({ url, secret }: Pick<WebhookFake, 'url' | 'secret'>, changes: Record<string, string> = {}) {
  const now = new Date()
  const headers = {
    'webhook-id': 'one',
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign('one', now, body),
    ...changes,
  }
  return fetch(url, { method: 'POST', body, headers, redirect: 'manual', signal: AbortSignal.timeout(2_000) })
}

test('takes what is signed, refuses what is not, what is old and what is no POST', async () => {
  await using receiver = await startWebhookReceiver()
  const wrong = `whsec_${Buffer.alloc(24).toString('base64')}`
  expect((await send(receiver)).status).toBe(204)
  expect((await send({ url: receiver.url, secret: wrong })).status).toBe(401)
  expect((await send(receiver, { 'webhook-id': 'two' })).status).toBe(401)
  expect((await send(receiver, { 'webhook-timestamp': '1700000000' })).status).toBe(401)
  expect((await fetch(receiver.url, { method: 'OPTIONS' })).status).toBe(405)
  expect(receiver.received.map(({ id, status }) => [id, status])).toEqual([['one', 204]])
  expect([receiver.refusedSignatures, receiver.methods.at(-1)]).toEqual([3, 'OPTIONS'])
})

test('answers as scripted, so often and to these requests, and as before when the fault is lifted', async () => {
  await using receiver = await startWebhookReceiver()
  const other = receiver.script({ about: 'nothing of it', act: { status: 500 } })
  const busy = receiver.script({ act: { status: 503, headers: { 'retry-after': '7' }, body: 'busy' }, times: 1 })
  const answer = await send(receiver)
  expect([answer.status, answer.headers.get('retry-after'), await answer.text()]).toEqual([503, '7', 'busy'])
  expect((await send(receiver)).status).toBe(204)
  const gone = receiver.script({ act: { status: 410 } })
  expect((await send(receiver)).status).toBe(410)
  gone.lift()
  expect((await send(receiver)).status).toBe(204)
  expect([other.hits, busy.hits, gone.hits]).toEqual([0, 1, 1])
  expect(receiver.countTaken()).toEqual(new Map([['one', 2]]))
})

test('cuts connections with the webhook in its hands, speaks no HTTP, and is silent', async () => {
  await using receiver = await startWebhookReceiver()
  for (const act of ['cut', 'hang', { raw: '220 mail.example.org ESMTP\r\n' }] as const) {
    const fault = receiver.script({ act })
    await expect(send(receiver)).rejects.toThrow()
    expect(fault.hits).toBe(1)
    fault.lift()
  }
  expect(receiver.received.map(({ status }) => status)).toEqual([undefined, undefined, undefined])
  expect(receiver.countTaken()).toEqual(new Map())
})

test('is down and up again on the same port', async () => {
  await using receiver = await startWebhookReceiver()
  await receiver.down()
  await expect(send(receiver)).rejects.toThrow('fetch failed')
  await receiver.up()
  expect((await send(receiver)).status).toBe(204)
  expect(receiver.connections.accepted).toBe(1)
})
