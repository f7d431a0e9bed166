import { startDeadline } from '../channels/deadline.ts'
import { faultOf, judge } from '../channels/webhook-answer.ts'
import { openConnections, type Receiver } from '../channels/webhook-exchange.ts'
import { signedHeaders, signingKeys, userAgent } from '../channels/webhook-signature.ts'
import type { AlertDestination, Telling } from './destination.ts'
import { composeAlertWebhook } from './message.ts'

/** Alerts by signed webhook, on a connection of its own for each. */
export function webhookAlerts(receiver: Receiver, secrets: readonly string[]): AlertDestination {
  const keys = signingKeys(secrets)
  const send = async (request: Parameters<ReturnType<typeof openConnections>['send']>[0], deadline: Deadline) => {
    using connections = openConnections(receiver, { most: 1, idle: 0 })
    return await connections.send(request, deadline)
  }
  return {
    name: 'webhook',
    async tell(notice, milliseconds, signal): Promise<Telling> {
      const { id, body } = composeAlertWebhook(notice)
      using deadline = startDeadline(milliseconds, signal)
      const verdict = judge(
        await send({ method: 'POST', headers: signedHeaders(keys, { id, body }), body }, deadline),
        id,
      )
      if (verdict.kind === 'ask') return { isTold: false, code: verdict.code }
      return { isTold: verdict.answer.kind === 'accepted', code: verdict.answer.code }
    },
    async probe(milliseconds, signal) {
      using deadline = startDeadline(milliseconds, signal)
      return faultOf(await send({ method: 'OPTIONS', headers: userAgent, body: '' }, deadline))
    },
  }
}

type Deadline = ReturnType<typeof startDeadline>
