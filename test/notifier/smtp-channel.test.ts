import { expect, test } from 'vitest'
import type { ChannelAnswer, Delivery } from '../../contracts/delivery.ts'
import { parseMailUrl } from '../../runtime/mail-url.ts'
import { createComposer } from '../../services/notifier/channels/compose-message.ts'
import { createSmtpChannel } from '../../services/notifier/channels/smtp-channel.ts'
import type { Fault } from '../fakes/smtp/faults.ts'
import { startSmtp } from '../fakes/smtp/server.ts'
import { exampleDelivery } from './delivery-example.ts'
import { startRelay } from './smtp-channel-relay.ts'

const composer = createComposer({ from: { name: 'Fjord', address: 'post@fjord.example' } })
const never = new AbortController().signal
const messageId = '<reminder.30.2027-03-05.0123456789abcdef0123456789abcdef@fjord.example>'
const to = 'ola@fjord.example'
const copy = 'leder@fjord.example'
const escalated = exampleDelivery({ escalationEmail: copy })
const bad = (kind: ChannelAnswer['kind'], code: string) => ({ kind, code })
const doubtful = (code: string) => ({ kind: 'failed' as const, code, doubtful: true })

function channelTo(url: string, maxConnections = 2) {
  return createSmtpChannel({ server: parseMailUrl(url), composer }, { maxConnections })
}

for (const pipelining of [true, false]) {
  const how = pipelining ? 'with pipelining' : 'without pipelining'

  const attempt = async (faults: Fault[], delivery: Delivery) => {
    await using smtp = await startSmtp()
    for (const fault of faults) smtp.script(fault)
    await using relay = await startRelay(smtp.port, { pipelining })
    await using channel = channelTo(relay.url)
    return { answer: await channel.deliver(delivery, never), received: smtp.received }
  }

  test(`a message that the server takes is accepted, for its reader and the copy's at once, ${how}`, async () => {
    const { answer, received } = await attempt([], escalated)
    expect(answer).toEqual({ kind: 'accepted', code: 'smtp_250', messageId })
    expect(received.map((message) => message.envelope)).toEqual([{ from: 'post@fjord.example', to: [to, copy] }])
    const mail = await received[0]?.parse()
    expect(mail?.messageId).toBe(messageId)
    expect([mail?.to, mail?.cc].flat().map((list) => list?.text)).toEqual([`"Ola Hansen" <${to}>`, copy])
  })

  test.each<[string, Fault, ReturnType<typeof bad> | ReturnType<typeof doubtful>]>([
    ['550 to RCPT', { at: 'recipient', act: { reply: 550 } }, bad('rejected', 'smtp_550')],
    ['501 to RCPT', { at: 'recipient', act: { reply: 501 } }, bad('rejected', 'smtp_501')],
    ['450 to RCPT', { at: 'recipient', act: { reply: 450 } }, bad('failed', 'smtp_450')],
    ['421 to RCPT', { at: 'recipient', act: { reply: 421 } }, bad('out_of_order', 'smtp_421')],
    ['530 to RCPT', { at: 'recipient', act: { reply: 530 } }, bad('out_of_order', 'smtp_530')],
    ['554 to DATA', { at: 'data', act: { reply: 554 } }, bad('rejected', 'smtp_554')],
    ['451 to DATA', { at: 'data', act: { reply: 451 } }, bad('failed', 'smtp_451')],
    ['421 to DATA', { at: 'data', act: { reply: 421 } }, bad('out_of_order', 'smtp_421')],
    ['552 to the body', { at: 'end', act: { reply: 552 } }, bad('rejected', 'smtp_552')],
    ['452 to the body', { at: 'end', act: { reply: 452 } }, bad('failed', 'smtp_452')],
    ['421 to the body', { at: 'end', act: { reply: 421 } }, bad('out_of_order', 'smtp_421')],
    ['550 to MAIL FROM', { at: 'sender', act: { reply: 550 } }, bad('out_of_order', 'smtp_sender_550')],
    ['451 to MAIL FROM', { at: 'sender', act: { reply: 451 } }, bad('out_of_order', 'smtp_sender_451')],
    ['421 to MAIL FROM', { at: 'sender', act: { reply: 421 } }, bad('out_of_order', 'smtp_421')],
    ['421 as greeting', { at: 'greeting', act: { reply: 421 } }, bad('out_of_order', 'smtp_421')],
    ['554 as greeting', { at: 'greeting', act: { reply: 554 } }, bad('out_of_order', 'smtp_protocol')],
    ['cut at the greeting', { at: 'greeting', act: 'cut' }, bad('out_of_order', 'smtp_connect')],
    ['cut at MAIL FROM', { at: 'sender', act: 'cut' }, doubtful('smtp_cut')],
    ['cut at RCPT', { at: 'recipient', act: 'cut' }, doubtful('smtp_cut')],
    ['cut at DATA', { at: 'data', act: 'cut' }, doubtful('smtp_cut')],
  ])(`%s ends in the right answer, ${how}`, async (_what, fault, answer) => {
    const outcome = await attempt([fault], exampleDelivery())
    expect(outcome).toEqual({ answer, received: [] })
  })

  test(`a connection cut after the final dot leaves it uncertain whether the message was taken, ${how}`, async () => {
    const { answer, received } = await attempt([{ at: 'end', act: 'cut' }], exampleDelivery())
    expect(answer).toEqual(bad('uncertain', 'smtp_cut'))
    expect(received.map((message) => message.messageId)).toEqual([messageId])
  })

  test.each([
    [550, bad('rejected', 'smtp_550')],
    [450, bad('failed', 'smtp_450')],
  ])(`To refused with %i is not sent although the copy was accepted, ${how}`, async (reply, answer) => {
    const outcome = await attempt([{ at: 'recipient', recipient: to, act: { reply } }], escalated)
    expect(outcome).toEqual({ answer, received: [] })
  })

  test(`To's own refusal counts where the copy was refused differently, ${how}`, async () => {
    const faults: Fault[] = [
      { at: 'recipient', recipient: to, act: { reply: 550 } },
      { at: 'recipient', recipient: copy, act: { reply: 450 } },
    ]
    expect(await attempt(faults, escalated)).toEqual({ answer: bad('rejected', 'smtp_550'), received: [] })
  })

  test(`a refused copy does not hold the message up, ${how}`, async () => {
    const fault: Fault = { at: 'recipient', recipient: copy, act: { reply: 550 } }
    const { answer, received } = await attempt([fault], escalated)
    expect(answer).toEqual({ kind: 'accepted', code: 'smtp_250_copy_550', messageId })
    expect(received.map((message) => message.envelope.to)).toEqual([[to]])
  })
}

test('greylisting is a failure of this message now, and the same message goes through later', async () => {
  await using smtp = await startSmtp()
  smtp.script({ at: 'recipient', act: { reply: 451 }, times: 1 })
  await using channel = channelTo(smtp.url)
  expect(await channel.deliver(exampleDelivery(), never)).toEqual(bad('failed', 'smtp_451'))
  expect(await channel.deliver(exampleDelivery({ attempt: 2, generation: 1 }), never)).toMatchObject({ messageId })
  expect(smtp.received).toHaveLength(1)
})

test('refused recipients cost the messages to others nothing', async () => {
  await using smtp = await startSmtp()
  smtp.script({ at: 'recipient', recipient: to, act: { reply: 550 } })
  await using channel = channelTo(smtp.url, 1)
  const other = { ...escalated.recipient, email: 'per@fjord.example' }
  const deliveries = [escalated, exampleDelivery({ id: 42, recipient: other }), exampleDelivery({ id: 43 })]
  const answers = await Promise.all(deliveries.map((delivery) => channel.deliver(delivery, never)))
  expect(answers.map((answer) => answer.kind)).toEqual(['rejected', 'accepted', 'rejected'])
  expect(smtp.received.map((message) => message.envelope.to)).toEqual([['per@fjord.example']])
})

test('nobody listening, and a name that does not exist, are the fault of the channel', async () => {
  await using smtp = await startSmtp()
  await smtp.down()
  await using refusing = channelTo(smtp.url)
  expect(await refusing.deliver(exampleDelivery(), never)).toEqual(bad('out_of_order', 'smtp_connect'))
  expect(await refusing.probe(never)).toBe('smtp_connect')
  await smtp.up()
  expect(await refusing.probe(never)).toBeUndefined()
  await using lost = createSmtpChannel(
    { server: parseMailUrl('smtp://no-such-host.invalid'), composer },
    { maxConnections: 1, deadline: 5_000 },
  )
  expect(await lost.deliver(exampleDelivery(), never)).toMatchObject({ kind: 'out_of_order' })
})

test('what has no words or no address never reaches the wire', async () => {
  await using smtp = await startSmtp()
  await using channel = channelTo(smtp.url)
  const two = { ...escalated.recipient, email: `${to}, thief@evil.example` }
  expect(await channel.deliver(exampleDelivery({ kind: 'restored' }), never)).toEqual(bad('rejected', 'unknown_kind'))
  expect(await channel.deliver(exampleDelivery({ recipient: two }), never)).toEqual(bad('rejected', 'bad_address'))
  expect(smtp.connections.accepted).toBe(0)
})
