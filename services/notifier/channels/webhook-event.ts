import type { Delivery } from '../../../contracts/delivery.ts'
import { WebhookEvent } from '../../../contracts/webhook-event.ts'
import { type Telling, tellingOf } from './telling.ts'

/** A webhook ready to be signed, or the code that says why this delivery can never become one (as in `Composed`). */
export type Webhook =
  | { readonly kind: 'webhook'; readonly id: string; readonly body: string }
  | { readonly kind: 'refused'; readonly code: string }

/**
 * Turns one delivery into its webhook. The id is made of the row's key alone, as the Message-ID is; without full stops,
 * which Standard Webhooks wants to keep apart what is signed.
 */
export function composeWebhook(delivery: Delivery): Webhook {
  const telling = tellingOf(delivery)
  if (telling.kind === 'refused') return telling
  const { kind, thresholdDay, keyDate, mentorKey } = delivery
  // Parsed on its way out: what the contract does not name stays here.
  const body = JSON.stringify(WebhookEvent.parse(eventOf(delivery, telling)))
  return { kind: 'webhook', id: `${kind}_${thresholdDay}_${keyDate}_${mentorKey}`, body }
}

function eventOf(delivery: Delivery, telling: Exclude<Telling, { kind: 'refused' }>): WebhookEvent {
  const { organisation, mentor, recipient, escalationEmail, urgency, thresholdDay, expiryDate } = delivery
  const timestamp = new Date(delivery.dueAt).toISOString()
  const about = { organisation, mentor, recipient, escalationEmail, urgency }
  switch (telling.kind) {
    case 'reminder':
      return {
        type: 'reminder.due',
        timestamp,
        data: { ...about, thresholdDay, expiryDate, daysLeft: telling.daysLeft },
      }
    case 'lapsed':
      return { type: 'mentor.lapsed', timestamp, data: { ...about, expiryDate, since: telling.since } }
    case 'restored': {
      const { status, since } = telling
      const pausedUntil = status === 'paused' ? telling.pausedUntil : null
      return { type: 'mentor.restored', timestamp, data: { ...about, expiryDate, status, since, pausedUntil } }
    }
    default:
      return telling satisfies never
  }
}
