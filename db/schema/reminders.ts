import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  date,
  index,
  integer,
  primaryKey,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { expiryRuns } from './operations.ts'
import { certifications, coordinators, mentors, organisations } from './people.ts'
import {
  deliveryOutcome,
  expiry,
  instant,
  plausibleDate,
  recipientKind,
  reminderKind,
  reminderSource,
  reminderStatus,
  reminderUrgency,
} from './types.ts'

export const reminderDispatchLog = expiry.table(
  'reminder_dispatch_log',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    kind: reminderKind('kind').notNull().default('reminder'),
    organisationId: uuid('organisation_id')
      .notNull()
      .references(() => organisations.id),
    mentorId: uuid('mentor_id')
      .notNull()
      .references(() => mentors.id),
    coordinatorId: uuid('coordinator_id').references(() => coordinators.id),
    certificationId: uuid('certification_id').references(() => certifications.id),
    thresholdDay: integer('threshold_day').notNull(),
    certificationExpiryDate: date('certification_expiry_date').notNull(),
    urgency: reminderUrgency('urgency').notNull().default('notice'),
    escalate: boolean('escalate').notNull().default(false),
    source: reminderSource('source').notNull().default('manual'),
    runId: bigint('run_id', { mode: 'number' }).references(() => expiryRuns.id),
    status: reminderStatus('status').notNull().default('pending'),
    statusReason: text('status_reason'),
    generation: integer('generation').notNull().default(0),
    attempts: integer('attempts').notNull().default(0),
    availableAt: instant('available_at').notNull().defaultNow(),
    createdAt: instant('created_at').notNull().defaultNow(),
    dueAt: instant('due_at').notNull().defaultNow(),
    queuedAt: instant('queued_at'),
    claimedAt: instant('claimed_at'),
    leaseUntil: instant('lease_until'),
    firstFailedAt: instant('first_failed_at'),
    sentAt: instant('sent_at'),
    dateSent: date('date_sent'),
    channels: text('channels').array(),
    /** Channels that will never take this message for this recipient; null where there is none. */
    refusedChannels: text('refused_channels').array(),
    recipientEmail: text('recipient_email'),
    lastError: text('last_error'),
    providerMessageId: text('provider_message_id'),
    retriedBy: text('retried_by'),
    inSendingHours: boolean('in_sending_hours').notNull().default(false),
    mayHaveReached: boolean('may_have_reached').notNull().default(false),
  },
  (t) => [
    // The order serves the question "is this expiry date accounted for?" as well as the key.
    unique('reminder_dispatch_log_key').on(t.mentorId, t.kind, t.certificationExpiryDate, t.thresholdDay),
    // The last column lets a claim pass over what is put off without reading the rows.
    index('reminder_dispatch_log_pending_idx').on(t.thresholdDay, t.id, t.availableAt).where(sql`status = 'pending'`),
    index('reminder_dispatch_log_queued_idx').on(t.id).where(sql`status = 'queued'`),
    index('reminder_dispatch_log_sending_idx').on(t.leaseUntil).where(sql`status = 'sending'`),
    index('reminder_dispatch_log_failed_idx').on(t.mentorId).where(sql`status = 'failed'`),
    index('reminder_dispatch_log_superseded_idx')
      .on(t.certificationExpiryDate, t.mentorId)
      .where(sql`status = 'superseded'`),
    check(
      'reminder_dispatch_log_threshold_day_check',
      sql`(${t.thresholdDay} > 0) = (${t.kind} = 'reminder') and ${t.thresholdDay} >= 0`,
    ),
    check('reminder_dispatch_log_expiry_date_check', plausibleDate(t.certificationExpiryDate)),
    check('reminder_dispatch_log_sending_check', sql`(${t.status} = 'sending') = (${t.leaseUntil} is not null)`),
    check('reminder_dispatch_log_sent_check', sql`(${t.status} = 'sent') = (${t.sentAt} is not null)`),
    check(
      'reminder_dispatch_log_status_reason_check',
      sql`case ${t.status} when 'failed' then ${t.statusReason} in ('no_recipient', 'rejected', 'attempts_exhausted')
        when 'superseded' then ${t.statusReason} in ('renewed', 'date_moved', 'not_eligible', 'lapsed', 'tighter_reminder')
        else true end and (${t.statusReason} is not null or ${t.status} not in ('failed', 'superseded'))`,
    ),
  ],
)

export const reminderDeliveryAttempts = expiry.table(
  'reminder_delivery_attempts',
  {
    logId: bigint('log_id', { mode: 'number' })
      .notNull()
      .references(() => reminderDispatchLog.id),
    attempt: integer('attempt').notNull(),
    channel: text('channel').notNull(),
    outcome: deliveryOutcome('outcome').notNull(),
    response: text('response'),
    /** Whom it was for, as the row said then (the fallback where it named no coordinator); null where that is not on record. */
    recipientKind: recipientKind('recipient_kind'),
    recipientEmail: text('recipient_email'),
    startedAt: instant('started_at').notNull(),
    finishedAt: instant('finished_at').notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'reminder_delivery_attempts_pkey', columns: [t.logId, t.attempt, t.channel] }),
    uniqueIndex('reminder_delivery_attempts_accepted_idx').on(t.logId, t.channel).where(sql`outcome = 'accepted'`),
  ],
)

/**
 * Mentors whose rules could not be settled in the transaction that changed them, because another one held them or an
 * error stood in the way. Whoever fails again and again (`failures`, `last_error`) is tried more and more rarely.
 */
export const mentorRechecks = expiry.table('mentor_rechecks', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  mentorId: uuid('mentor_id').notNull(),
  requestedAt: instant('requested_at').notNull().default(sql`pg_catalog.clock_timestamp()`),
  availableAt: instant('available_at').notNull().defaultNow(),
  failures: integer('failures').notNull().default(0),
  lastError: text('last_error'),
  /** Whose work was left: what the night found waits for the organisation's sending hours. */
  source: reminderSource('source').notNull().default('realtime'),
})
