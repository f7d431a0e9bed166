import type { z } from 'zod'
import type { Delivery } from './delivery.ts'

/** What `expiry.begin_reminder_delivery` answers about one job; the columns after the verdict say something where it is `begun`. */
export type DeliveryRow = { id: number; generation: number; verdict: string; [column: string]: unknown }

type Unparsed = { [field in keyof z.input<typeof Delivery>]: unknown }

/**
 * The delivery that a row tells of, for `Delivery` to parse. It comes in columns because JSON costs the server several times
 * as much.
 */
export function deliveryOf(row: DeliveryRow): Unparsed {
  return {
    id: row.id,
    mentorKey: row.mentor_key,
    generation: row.generation,
    attempt: row.attempt,
    kind: row.kind,
    urgency: row.urgency,
    thresholdDay: row.threshold_day,
    keyDate: row.key_date,
    expiryDate: row.expiry_date,
    daysLeft: row.days_left,
    dueAt: row.due_at instanceof Date ? row.due_at.toISOString() : row.due_at,
    organisation: { slug: row.organisation_slug, name: row.organisation_name, locale: row.organisation_locale },
    mentor: { id: row.mentor_id, ref: row.mentor_ref, name: row.mentor_name, urlTemplate: row.mentor_url },
    isPaused: row.mentor_status === 'paused',
    standing:
      row.kind === 'reminder'
        ? null
        : { status: row.mentor_status, since: row.status_since, pausedUntil: row.paused_until },
    recipient: {
      kind: row.recipient_kind,
      name: row.recipient_name,
      email: row.recipient_email,
      locale: row.recipient_locale,
    },
    escalationEmail: row.escalation_email,
    acceptedChannels: row.accepted_channels ?? [],
    refusedChannels: row.refused_channels ?? [],
  }
}
