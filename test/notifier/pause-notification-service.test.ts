import { getEventListeners, setMaxListeners } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { parseMailUrl } from '../../runtime/mail-url.ts'
import { createComposer } from '../../services/notifier/channels/compose-message.ts'
import { createSmtpChannel } from '../../services/notifier/channels/smtp-channel.ts'
import { createWebhookChannel } from '../../services/notifier/channels/webhook-channel.ts'
import type { NotifierEvent } from '../../services/notifier/events.ts'
import { openGate } from '../../services/notifier/gate.ts'
import { createPauseNotificationService } from '../../services/notifier/pause-notification-service.ts'
import { startSmtp } from '../fakes/smtp/server.ts'
import { startWebhookReceiver } from '../fakes/webhook/server.ts'
import { waitFor } from '../support/wait.ts'
import { exampleDelivery } from './delivery-example.ts'

const never = new AbortController().signal
setMaxListeners(0, never)

/** A mail server and a receiver of webhooks, each behind its gate; the alerts go nowhere. */
async function openStage() {
  const smtp = await startSmtp()
  const receiver = await startWebhookReceiver()
  const composer = createComposer({ from: { name: '', address: 'post@example.org' } })
  const channels = [
    createSmtpChannel({ server: parseMailUrl(smtp.url), composer }, { maxConnections: 2, deadline: 2_000 }),
    createWebhookChannel({ receiver, secrets: [receiver.secret] }, { maxConnections: 2, deadline: 2_000 }),
  ]
  const events: NotifierEvent[] = []
  const stop = new AbortController()
  setMaxListeners(0, stop.signal) // as the notifier does
  onTestFinished(() => stop.abort())
  const observe = (event: NotifierEvent) => events.push(event)
  const raised: string[] = []
  const log = { raiseAlert: async (name: string) => void raised.push(name), resolveAlert: async () => true }
  const guarded = channels.map((channel) => ({
    channel,
    gate: openGate({ channel, log, observe }, { base: 20, cap: 40 }, stop.signal),
  }))
  const service = createPauseNotificationService({ guarded, observe })
  return {
    smtp,
    receiver,
    service,
    stop,
    raised,
    gateEvents: () =>
      events.flatMap((event) =>
        event.kind === 'gate_closed' || event.kind === 'gate_opened' ? [`${event.channel} ${event.kind}`] : [],
      ),
    notify: async (changes = {}) =>
      (await service.notify(exampleDelivery(changes), never)).map(
        ({ channel, kind, code }) => `${channel} ${kind} ${code}`,
      ),
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      for (const resource of [...channels, smtp, receiver]) await resource[Symbol.asyncDispose]()
    },
  }
}

test('a channel that is out of order is not tried, and the other goes on', async () => {
  await using stage = await openStage()
  const { smtp, receiver } = stage
  await receiver.down()
  expect(await stage.notify()).toEqual(['email accepted smtp_250', 'webhook out_of_order connection_refused'])
  await stage.service.ready(never)
  expect(await stage.notify()).toEqual(['email accepted smtp_250', 'webhook out_of_order connection_refused'])
  expect([smtp.received.length, receiver.methods]).toEqual([2, []])
  expect(stage.raised).toEqual(['webhook'])
  await receiver.up()
  await waitFor('the gate to open', () => stage.gateEvents().includes('webhook gate_opened'))
  expect(await stage.notify({ acceptedChannels: ['email'] })).toEqual(['webhook accepted http_204'])
  expect(stage.gateEvents()).toEqual(['webhook gate_closed', 'webhook gate_opened'])
})

test('who waits while all channels are out of order goes on with the first that works, and leaves nothing behind', async () => {
  await using stage = await openStage()
  const { smtp, receiver } = stage
  await receiver.down()
  await smtp.down()
  expect(await stage.notify()).toEqual(['email out_of_order smtp_connect', 'webhook out_of_order connection_refused'])
  let through = 0
  const patient = new AbortController()
  setMaxListeners(0, patient.signal)
  const waiting = Array.from({ length: 20 }, () => stage.service.ready(patient.signal).then(() => (through += 1)))
  const impatient = new AbortController()
  const refused = expect(stage.service.ready(impatient.signal)).rejects.toThrow()
  impatient.abort()
  await refused
  expect(through).toBe(0)
  await receiver.up()
  await Promise.all(waiting)
  expect(await stage.notify()).toEqual(['email out_of_order smtp_connect', 'webhook accepted http_204'])
  expect(getEventListeners(patient.signal, 'abort')).toEqual([])
})

test('a receiver that takes messages and answers nobody, a probe neither, keeps the next from being tried', async () => {
  await using stage = await openStage()
  const silence = stage.receiver.script({ act: 'hang', method: 'any' })
  expect(await stage.notify()).toEqual(['email accepted smtp_250', 'webhook uncertain timeout'])
  expect(await stage.notify()).toEqual(['email accepted smtp_250', 'webhook out_of_order timeout'])
  expect(stage.receiver.received).toHaveLength(1)
  silence.lift()
  await waitFor('the gate to open', () => stage.gateEvents().includes('webhook gate_opened'))
})

test('messages that go unanswered one after the other raise the alert, and the gate stays open', async () => {
  await using stage = await openStage()
  stage.receiver.script({ act: { status: 500 } })
  for (let message = 0; message < 19; message += 1) await stage.notify({ acceptedChannels: ['email'] })
  expect(stage.raised).toEqual([])
  await stage.notify({ acceptedChannels: ['email'] })
  await waitFor('the alert', () => stage.raised.length > 0)
  expect([stage.raised, stage.gateEvents()]).toEqual([['webhook'], []])
})
