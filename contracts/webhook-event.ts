import { z } from 'zod'
import { Delivery, Urgency } from './delivery.ts'

/**
 * The body of a webhook, as Standard Webhooks shapes it. `timestamp` is when the reminder became due, in UTC: a repeated
 * attempt says the same, and its body differs only where the facts have changed. The address that would get a copy of the
 * e-mail is `escalationEmail`, null where there is none.
 */
export const WebhookEvent = z.object({
  type: z.literal('reminder.due'),
  timestamp: z.iso.datetime(),
  data: z.object({
    organisation: z.object({ slug: z.string(), name: z.string() }),
    /** `url` is the mentor's page in the host application, null without one. */
    mentor: z.object({ ref: z.string(), name: z.string(), url: z.string().nullable() }),
    recipient: Delivery.shape.recipient,
    escalationEmail: z.string().nullable(),
    urgency: Urgency,
    thresholdDay: z.number().int().positive(),
    expiryDate: z.iso.date(),
    daysLeft: z.number().int().nonnegative(),
  }),
})
export type WebhookEvent = z.infer<typeof WebhookEvent>
