import { z } from 'zod'
import { ChannelAnswer } from './delivery.ts'

/** One channel's answer to one attempt, with the times at which the attempt began and ended. */
export const ChannelReport = z.intersection(
  ChannelAnswer,
  z.object({ channel: z.string(), startedAt: z.iso.datetime(), finishedAt: z.iso.datetime() }),
)
export type ChannelReport = z.infer<typeof ChannelReport>

/** What `expiry.finish_reminder_delivery` is told about one attempt. */
export type DeliveryResult = { id: number; generation: number; attempt: number; channels: ChannelReport[] }

/**
 * Its verdict: `recorded`, `late` (an attempt called uncertain was accepted after all), `stale`, or `locked` (somebody
 * holds the row; nothing was recorded, hand it in again).
 */
export const DeliveryVerdict = z.object({
  id: z.number().int(),
  generation: z.number().int(),
  attempt: z.number().int(),
  verdict: z.enum(['recorded', 'late', 'stale', 'locked']),
  status: z.enum(['sent', 'failed', 'pending']).nullable(),
  status_reason: z.string().nullable(),
  late_seconds: z.number().nullable(),
})
export type DeliveryVerdict = z.infer<typeof DeliveryVerdict>
