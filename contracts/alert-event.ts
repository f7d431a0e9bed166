import { z } from 'zod'
import { AlertFacts } from './alert.ts'

/**
 * The body of a webhook about an alert, as Standard Webhooks shapes it. `timestamp` is when the alert was opened, or
 * resolved; `subject`, `happened` and `todo` are for people, `runbook` names a document of this package.
 */
export const AlertEvent = z.object({
  type: z.enum(['alert.opened', 'alert.repeated', 'alert.resolved']),
  timestamp: z.iso.datetime(),
  data: z.object({
    id: z.number().int().positive(),
    kind: z.string(),
    severity: z.enum(['warning', 'critical']),
    openedAt: z.iso.datetime(),
    resolvedAt: z.iso.datetime().nullable(),
    subject: z.string(),
    happened: z.string(),
    todo: z.string(),
    runbook: z.string(),
    facts: AlertFacts,
  }),
})
export type AlertEvent = z.infer<typeof AlertEvent>
