import { z } from 'zod'

/** What a contact was last known to show: `status` is the value of an option of the portal's. */
const Shown = z.object({
  visible: z.boolean().nullable(),
  status: z.number().int().nullable(),
  expiryDate: z.iso.date().nullable(),
})

/**
 * What `expiry.begin_portal_sync` says must be pushed: the state that the contact `desired.key` must show (none where the
 * key is null), by version and attempt. `withdraw` are contacts of earlier keys, to be hidden before anything is revealed;
 * `acknowledged` what the contact is known to show, null where it must be read first.
 */
export const PortalTask = z.object({
  mentorId: z.guid(),
  version: z.number().int().positive(),
  attempt: z.number().int().positive(),
  /** By the database's clock, as the next one: no request of this attempt was sent before. */
  begunAt: z.iso.datetime({ offset: true }),
  changedAt: z.iso.datetime({ offset: true }),
  desired: z.discriminatedUnion('visible', [
    z.object({
      visible: z.literal(true),
      key: z.string(),
      status: z.enum(['active', 'paused', 'certification_expired', 'inactive']),
      expiryDate: z.iso.date().nullable(),
    }),
    z.object({
      visible: z.literal(false),
      key: z.string().nullable(),
      status: z.enum(['active', 'paused', 'certification_expired', 'inactive']).nullable(),
      expiryDate: z.iso.date().nullable(),
    }),
  ]),
  withdraw: z.array(z.string()),
  acknowledged: Shown.nullable(),
  /** A person asked for it, who wants to see it read back. */
  isRequested: z.boolean(),
})
export type PortalTask = z.infer<typeof PortalTask>

/**
 * One step of a push: what was done, how it ended (`ok` or a code), and when. `break_glass` comes before the others of a push
 * by hand; its code is the id of the use's record.
 */
export const PortalStep = z.object({
  step: z.enum(['break_glass', 'decided', 'withdraw_read', 'withdraw', 'read', 'patch', 'read_back']),
  code: z.string(),
  at: z.iso.datetime(),
})
export type PortalStep = z.infer<typeof PortalStep>

/**
 * What came of a push, as `expiry.record_portal_sync` takes it. `shown` is what the contact shows; `retryAfter` in
 * seconds; `withdrawn`: contacts of earlier keys that show nobody now.
 */
export type PortalResult = {
  begunAt: string
  startedAt: string
  steps: PortalStep[]
  withdrawn: string[]
} & (
  | {
      outcome: 'acknowledged'
      key: string | null
      shown: (z.infer<typeof Shown> & { environment: string }) | null
    }
  | { outcome: 'failed' | 'parked'; code: string }
  | { outcome: 'unknown'; code: string; key: string | null }
  | { outcome: 'postponed'; code: string; retryAfter: number }
)
