import { z } from 'zod'
import { expandMentorUrl } from './mentor-url.ts'

export const Locale = z.enum(['en', 'nb'])
export type Locale = z.infer<typeof Locale>

export const Urgency = z.enum(['notice', 'warning', 'urgent'])
export type Urgency = z.infer<typeof Urgency>

/** `url` is the mentor's page in the host application, null where the organisation has no template or none comes of it. */
const Mentor = z
  .object({ id: z.string(), ref: z.string(), name: z.string(), urlTemplate: z.string().nullable() })
  .transform(({ urlTemplate, ...mentor }) => ({
    ...mentor,
    url: urlTemplate === null ? null : expandMentorUrl(urlTemplate, mentor),
  }))

/**
 * The mentor's status at the moment of the send, and the organisation's day of the last change to it; `pausedUntil` is the
 * first day back of a paused mentor, null where the pause has no end. Null for a reminder, which does not tell it.
 */
const Standing = z.object({
  status: z.enum(['active', 'paused', 'certification_expired']),
  since: z.iso.date(),
  pausedUntil: z.iso.date().nullable(),
})

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
  /** The expiry date in the row's key, of which identifiers are made. */
  keyDate: z.iso.date(),
  /** The date that is told: of who is back in service the one that counts now, else that of the key. */
  expiryDate: z.iso.date(),
  daysLeft: z.number().int(),
  /** When the reminder became due, ISO 8601. */
  dueAt: z.iso.datetime({ offset: true }),
  organisation: z.object({ slug: z.string(), name: z.string(), locale: Locale }),
  mentor: Mentor,
  /** At the moment of the send: who is paused is neither in service nor on the website as it is. */
  isPaused: z.boolean(),
  standing: Standing.nullable(),
  recipient: z.object({
    kind: z.enum(['coordinator', 'fallback']),
    name: z.string().nullable(),
    email: z.string(),
    locale: Locale,
  }),
  escalationEmail: z.string().nullable(),
  acceptedChannels: z.array(z.string()),
  refusedChannels: z.array(z.string()),
})
export type Delivery = z.infer<typeof Delivery>

/** The channel seems to work otherwise: where that goes on, it may be the channel's fault after all. */
const doubtful = z.literal(true).optional()

/**
 * A channel's answer about one message. `code` is a short machine-readable code (`smtp_550`, `timeout`), never a
 * reply's text, which may name people.
 * - `accepted`: the channel took the message.
 * - `rejected`: this message will never be taken.
 * - `failed`: this message was not taken now; `retryAfter` in seconds where the channel said so.
 * - `uncertain`: it may or may not have been taken; `outOfOrder` where the channel itself does not work either.
 * - `out_of_order`: the channel itself does not work; says nothing about this message.
 */
export const ChannelAnswer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('accepted'), code: z.string(), messageId: z.string() }),
  z.object({ kind: z.literal('rejected'), code: z.string() }),
  z.object({
    kind: z.literal('failed'),
    code: z.string(),
    retryAfter: z.number().nonnegative().optional(),
    doubtful,
  }),
  z.object({ kind: z.literal('uncertain'), code: z.string(), doubtful, outOfOrder: z.literal(true).optional() }),
  z.object({ kind: z.literal('out_of_order'), code: z.string() }),
])
export type ChannelAnswer = z.infer<typeof ChannelAnswer>
