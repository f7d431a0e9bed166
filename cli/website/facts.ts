import { z } from 'zod'

/** `YYYY-MM-DD HH:MM:SS` in the organisation's time zone; for machines ISO 8601. */
const local = z.string()

const Desired = z.object({
  key: z.string().nullable(),
  visible: z.boolean(),
  status: z.enum(['active', 'paused', 'certification_expired', 'inactive']).nullable(),
  expiryDate: z.string().nullable(),
})

/** Who made a push by hand, and why. */
const BreakGlass = z.object({ record: z.number(), actor: z.string(), reason: z.string() })

const Sync = z.object({
  status: z.enum(['pending', 'queued', 'sending', 'verifying', 'synced', 'parked']),
  version: z.number(),
  desired: Desired,
  /** When it was decided. */
  since: local,
  syncedVersion: z.number(),
  acknowledgedAt: local.nullable(),
  /** Null where a portal-sync pushed what was acknowledged. */
  acknowledgedByHand: BreakGlass.nullable(),
  /** When the website's pages, and its search, show at the latest what was acknowledged. */
  effectBy: local.nullable(),
  searchBy: local.nullable(),
  /** When a pause ends; null where it does not pause. */
  pausedUntil: local.nullable(),
  queuedAt: local.nullable(),
  /** An earlier request whose end nobody knows may be carried out until then. */
  unsureUntil: local.nullable(),
  requestedBy: z.string().nullable(),
  lastError: z.string().nullable(),
})

const Attempt = z.object({
  version: z.number(),
  attempt: z.number(),
  outcome: z.enum(['acknowledged', 'failed', 'unknown', 'postponed', 'parked']),
  code: z.string().nullable(),
  finishedAt: local,
  byHand: BreakGlass.nullable(),
  steps: z.array(z.object({ step: z.string(), code: z.string(), at: local })),
})

/** The process that speaks with the portal, or did so last. */
export const Speaker = z.object({
  isLive: z.boolean(),
  gateCode: z.string().nullable(),
  /** The portal must not be asked before; null where it has not said so. */
  gateUntil: local.nullable(),
  healthyAt: local.nullable(),
  checkedAt: local.nullable(),
})

/** What the website has to do with a mentor. */
export const Website = z.object({
  /** Of the organisation. */
  isEnabled: z.boolean(),
  portalKey: z.string().nullable(),
  /** What must be shown by the facts of this moment. */
  desired: Desired,
  /** Null where the mentor was never published. */
  sync: Sync.nullable(),
  /** The last ones, the earliest first. */
  attempts: z.array(Attempt),
  /** Null where nobody ever spoke with the portal. */
  speaker: Speaker.nullable(),
})

export type BreakGlass = z.infer<typeof BreakGlass>
export type Desired = z.infer<typeof Desired>
export type Sync = z.infer<typeof Sync>
export type Attempt = z.infer<typeof Attempt>
export type Speaker = z.infer<typeof Speaker>
export type Website = z.infer<typeof Website>
