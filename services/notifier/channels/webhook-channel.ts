import { startDeadline } from '../../../runtime/channels/deadline.ts'
import { answerAfterProbe, faultOf, judge } from '../../../runtime/channels/webhook-answer.ts'
import { openConnections, type Receiver } from '../../../runtime/channels/webhook-exchange.ts'
import { signedHeaders, signingKeys, userAgent } from '../../../runtime/channels/webhook-signature.ts'
import type { Channel } from './channel.ts'
import { composeWebhook } from './webhook-event.ts'

export type WebhookChannelOptions = {
  /** At least the worker's concurrency, so that no message waits for a connection. */
  readonly maxConnections: number
  /** Hard deadline of one delivery, milliseconds, waiting for a connection included; at most half a minute of it is used. */
  readonly deadline?: number
}

/** Milliseconds. What Standard Webhooks recommends at most: a receiver that hangs occupies a place that others could have. */
const patience = 30_000

/** Milliseconds. Below what servers grant an idle connection, so that none is closed while a message is put on it. */
const idle = 1_500

/**
 * Signed webhooks by the rules of Standard Webhooks: a POST of `contracts/webhook-event.ts`, with one signature for each
 * of the secrets. Codes of its answers: `http_NNN`, `connection_refused`, `connection_cut`, `connection_failed`, `dns`,
 * `tls`, `http_protocol`, `http_malformed`, `timeout` (the deadline), `aborted`; those of `composeWebhook` for what can't be sent at all.
 * The probe is an OPTIONS request, which no receiver takes for a message.
 */
export function createWebhookChannel(
  deps: { receiver: Receiver; secrets: readonly string[] },
  { maxConnections, deadline: given = 60_000 }: WebhookChannelOptions,
): Channel {
  const deadline = Math.min(given, patience)
  // What goes unanswered is judged by a probe, within the same deadline.
  const judging = Math.min(10_000, deadline / 5)
  const keys = signingKeys(deps.secrets)
  const connections = openConnections(deps.receiver, { most: maxConnections, idle })
  // One that is kept would tell of the past.
  const probing = openConnections(deps.receiver, { most: maxConnections, idle: 0 })
  const underWay = new Set<Promise<unknown>>()

  const post = async (id: string, body: string, signal: AbortSignal) => {
    using limit = startDeadline(deadline - judging, signal)
    return await connections.send({ method: 'POST', headers: signedHeaders(keys, { id, body }), body }, limit)
  }

  const probe = async (milliseconds: number, signal: AbortSignal) => {
    using limit = startDeadline(milliseconds, signal)
    return faultOf(await probing.send({ method: 'OPTIONS', headers: userAgent, body: '' }, limit))
  }

  return {
    name: 'webhook',
    deliver: async (delivery, signal) => {
      const webhook = composeWebhook(delivery)
      if (webhook.kind === 'refused') return { kind: 'rejected', code: webhook.code }
      const exchange = post(webhook.id, webhook.body, signal)
      underWay.add(exchange)
      const verdict = judge(await exchange.finally(() => underWay.delete(exchange)), webhook.id)
      if (verdict.kind === 'answer') return verdict.answer
      return answerAfterProbe(verdict, await probe(judging, signal))
    },
    probe: (signal) => probe(Math.min(10_000, deadline), signal),
    [Symbol.asyncDispose]: async () => {
      // Each has a deadline of its own; a message on its way is not cut off.
      await Promise.allSettled(underWay)
      for (const each of [connections, probing]) each[Symbol.dispose]()
    },
  }
}
