import { z } from 'zod'

const code = z.string().regex(/^[\w:.-]{1,80}$/)
const count = z.number().int().nonnegative()

/** Left out, where it is none of what it should be: what an alert's details hold beyond codes, counts and ids goes nowhere. */
const known = <T extends z.ZodType>(type: T) => type.optional().catch(undefined)

/** What may be said of an alert's details. */
export const AlertFacts = z.object({
  channel: known(code),
  code: known(code),
  fault: known(code),
  check: known(code),
  blocked: known(z.boolean()),
  run: known(count),
  phases: known(z.array(code)),
  codes: known(z.array(code)),
  organisation: known(z.uuid()),
  organisations: known(count),
  count: known(z.number().int()),
  compared: known(count),
  mentor: known(z.uuid()),
  mentors: known(z.array(z.uuid()).max(20)),
  reminders: known(z.array(count).max(20)),
  rescues: known(count),
  pending: known(count),
  queued: known(count),
  sending: known(count),
})
export type AlertFacts = z.infer<typeof AlertFacts>

/**
 * What `expiry.begin_alert_notices` says must be told now. `number` counts what a destination was told of an open alert, this
 * notice included; of an alert that is over it is 0. The same notice again has the same destination, id, notice and number.
 */
export const AlertNotice = z.object({
  destination: z.string(),
  id: z.number().int().positive(),
  notice: z.enum(['opened', 'repeated', 'resolved']),
  number: z.number().int().nonnegative(),
  kind: z.string(),
  severity: z.enum(['warning', 'critical']),
  facts: AlertFacts,
  openedAt: z.date(),
  resolvedAt: z.date().nullable(),
})
export type AlertNotice = z.infer<typeof AlertNotice>
