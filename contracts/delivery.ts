import { z } from 'zod'

export const Locale = z.enum(['en', 'nb'])
export type Locale = z.infer<typeof Locale>

export const Urgency = z.enum(['notice', 'warning', 'urgent'])
export type Urgency = z.infer<typeof Urgency>

/**
 * What `expiry.begin_reminder_delivery` says a channel needs to know about one reminder, read at the moment of the send.
 * Dates are `YYYY-MM-DD`; `daysLeft` counts whole days from the organisation's today to the expiry date.
 */
export const Delivery = z.object({
  id: z.number().int().positive(),
  /** Stands for the mentor in identifiers that leave the database. */
  mentorKey: z.string().regex(/^[0-9a-f]{32}$/),
  generation: z.number().int().nonnegative(),
  attempt: z.number().int().positive(),
  kind: z.enum(['reminder', 'lapsed', 'restored']),
  urgency: Urgency,
  thresholdDay: z.number().int().nonnegative(),
  expiryDate: z.iso.date(),
  daysLeft: z.number().int(),
  organisation: z.object({ slug: z.string(), name: z.string(), locale: Locale }),
  mentor: z.object({ ref: z.string(), name: z.string() }),
  recipient: z.object({
    kind: z.enum(['coordinator', 'fallback']),
    name: z.string().nullable(),
    email: z.string(),
    locale: Locale,
  }),
  escalationEmail: z.string().nullable(),
  acceptedChannels: z.array(z.string()),
})
export type Delivery = z.infer<typeof Delivery>

/**
 * A channel's answer about one message. `code` is a short machine-readable code (`smtp_550`, `timeout`), never a
 * reply's text, which may name people.
 * - `accepted`: the channel took the message.
 * - `rejected`: this message will never be taken.
 * - `failed`: this message was not taken now; `retryAfter` in seconds where the channel said so.
 * - `uncertain`: it may or may not have been taken.
 * - `out_of_order`: the channel itself does not work; says nothing about this message.
 */
export const ChannelAnswer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('accepted'), code: z.string(), messageId: z.string() }),
  z.object({ kind: z.literal('rejected'), code: z.string() }),
  z.object({
    kind: z.literal('failed'),
    code: z.string(),
    retryAfter: z.number().nonnegative().optional(),
    /** The channel said nothing, and works otherwise: where that goes on, it may be the channel's fault after all. */
    doubtful: z.literal(true).optional(),
  }),
  z.object({ kind: z.literal('uncertain'), code: z.string() }),
  z.object({ kind: z.literal('out_of_order'), code: z.string() }),
])
export type ChannelAnswer = z.infer<typeof ChannelAnswer>
