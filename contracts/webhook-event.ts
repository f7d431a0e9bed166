import { z } from 'zod'
import { Delivery, Urgency } from './delivery.ts'

/** `url` is the mentor's page in the host application, null without one. */
const about = z.object({
  organisation: z.object({ slug: z.string(), name: z.string() }),
  mentor: z.object({ ref: z.string(), name: z.string(), url: z.string().nullable() }),
  recipient: Delivery.shape.recipient,
  escalationEmail: z.string().nullable(),
  urgency: Urgency,
})

const timestamp = z.iso.datetime()

/**
 * The body of a webhook, as Standard Webhooks shapes it. `timestamp` is when the reminder became due, in UTC: a repeated
 * attempt says the same, and its body differs only where the facts have changed. The address that would get a copy of the
 * e-mail is `escalationEmail`, null where there is none. `since` is the organisation's day on which the mentor's status
 * became what it is: left service, or came back as `active`, or as `paused` until `pausedUntil` (null: without an end).
 */
export const WebhookEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('reminder.due'),
    timestamp,
    data: about.extend({
      thresholdDay: z.number().int().positive(),
      expiryDate: z.iso.date(),
      daysLeft: z.number().int().nonnegative(),
    }),
  }),
  z.object({
    type: z.literal('mentor.lapsed'),
    timestamp,
    data: about.extend({ expiryDate: z.iso.date(), since: z.iso.date() }),
  }),
  z.object({
    type: z.literal('mentor.restored'),
    timestamp,
    data: about.extend({
      expiryDate: z.iso.date(),
      status: z.enum(['active', 'paused']),
      since: z.iso.date(),
      pausedUntil: z.iso.date().nullable(),
    }),
  }),
])
export type WebhookEvent = z.infer<typeof WebhookEvent>
