import { sql } from 'drizzle-orm'
import { bigint, boolean, check, date, index, text, uuid } from 'drizzle-orm/pg-core'
import { mentors } from './people.ts'
import { expiry, instant, mentorStatus } from './types.ts'

/** Each change of a mentor's status, for good: it outlives the mentor. */
export const mentorStatusTransitions = expiry.table(
  'mentor_status_transitions',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    mentorId: uuid('mentor_id').notNull(),
    organisationId: uuid('organisation_id').notNull(),
    fromStatus: mentorStatus('from_status').notNull(),
    toStatus: mentorStatus('to_status').notNull(),
    reason: text('reason').notNull(),
    actor: text('actor').notNull(),
    runId: bigint('run_id', { mode: 'number' }),
    /** The certification's date that the change goes by: the admitted one where the brake held another. */
    expiryDate: date('expiry_date'),
    /** Whether the mentor could be seen until then: who never was is not written about. */
    wasVisible: boolean('was_visible').notNull(),
    at: instant('at').notNull().defaultNow(),
  },
  (t) => [index('mentor_status_transitions_mentor_id_idx').on(t.mentorId, t.id)],
)

/**
 * Mentors in service whose certification's date was moved into the past or taken away (`admitted_date` is the one until
 * then), or had passed when it was first recorded (no `admitted_date`): ADR 13. What is held keeps its last admitted date.
 */
export const backdatedExpiries = expiry.table(
  'backdated_expiries',
  {
    mentorId: uuid('mentor_id')
      .primaryKey()
      .references(() => mentors.id),
    organisationId: uuid('organisation_id').notNull(),
    admittedDate: date('admitted_date'),
    /** Whether the website could show the mentor until the change. */
    wasVisible: boolean('was_visible').notNull().default(false),
    verdict: text('verdict').notNull().default('undecided'),
    recordedAt: instant('recorded_at').notNull(),
    decidedBy: text('decided_by'),
    decidedAt: instant('decided_at'),
  },
  (t) => [
    check(
      'backdated_expiries_verdict_check',
      sql`${t.verdict} in ('undecided', 'admitted', 'held', 'approved', 'rejected') and (${t.admittedDate} is not null or ${t.verdict} = 'admitted')`,
    ),
    index('backdated_expiries_organisation_id_idx').on(t.organisationId, t.recordedAt),
  ],
)
