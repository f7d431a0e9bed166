import { sql } from 'drizzle-orm'
import { type AnyPgColumn, pgSchema, timestamp } from 'drizzle-orm/pg-core'

export const expiry = pgSchema('expiry')

export const mentorStatus = expiry.enum('mentor_status', ['active', 'paused', 'certification_expired', 'inactive'])
export const reminderStatus = expiry.enum('reminder_status', [
  'pending',
  'queued',
  'sending',
  'sent',
  'failed',
  'superseded',
])
export const reminderKind = expiry.enum('reminder_kind', ['reminder', 'lapsed', 'restored'])
export const reminderUrgency = expiry.enum('reminder_urgency', ['notice', 'warning', 'urgent'])
export const reminderSource = expiry.enum('reminder_source', ['nightly', 'realtime', 'manual'])
export const recipientKind = expiry.enum('recipient_kind', ['coordinator', 'fallback'])
export const deliveryOutcome = expiry.enum('delivery_outcome', ['accepted', 'rejected', 'failed', 'uncertain'])

export const instant = (name: string) => timestamp(name, { withTimezone: true })

/** A date outside these years is a typing mistake, and its arithmetic would fail everybody's night. */
export const plausibleDate = (column: AnyPgColumn) => sql`${column} between date '2000-01-01' and date '2200-12-31'`

/** Wide enough for any real address, too narrow for a second recipient or a header. */
export const plausibleEmail = (column: AnyPgColumn) => sql`${column} ~ '^[^@[:space:]<>(),]+@[^@[:space:]<>(),]+$'`
