import type { Delivery } from '../../../contracts/delivery.ts'
import { WebhookEvent } from '../../../contracts/webhook-event.ts'

/** A webhook ready to be signed, or the code that says why this delivery can never become one (as in `Composed`). */
export type Webhook =
  | { readonly kind: 'webhook'; readonly id: string; readonly body: string }
  | { readonly kind: 'refused'; readonly code: string }

/**
 * Turns one delivery into its webhook. The id is made of the row's key alone, as the Message-ID is; without full stops,
 * which Standard Webhooks wants to keep apart what is signed.
 */
export function composeWebhook(delivery: Delivery): Webhook {
  const { kind, thresholdDay, expiryDate, mentorKey, daysLeft } = delivery
  if (kind !== 'reminder') return { kind: 'refused', code: 'unknown_kind' }
  if (daysLeft < 0) return { kind: 'refused', code: 'already_lapsed' }
  const { organisation, mentor, recipient, escalationEmail, urgency } = delivery
  const event: WebhookEvent = {
    type: 'reminder.due',
    timestamp: new Date(delivery.dueAt).toISOString(),
    data: { organisation, mentor, recipient, escalationEmail, urgency, thresholdDay, expiryDate, daysLeft },
  }
  // Parsed on its way out: what the contract does not name stays here.
  const body = JSON.stringify(WebhookEvent.parse(event))
  return { kind: 'webhook', id: `${kind}_${thresholdDay}_${expiryDate}_${mentorKey}`, body }
}
