import { sql } from 'drizzle-orm'
import { bigint, boolean, check, integer, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core'
import { organisations } from './people.ts'
import { expiry, instant, reminderUrgency } from './types.ts'

/** What people configure: rows without an organisation are everybody's defaults. */
export const reminderThresholds = expiry.table(
  'reminder_thresholds',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    organisationId: uuid('organisation_id').references(() => organisations.id),
    thresholdDay: integer('threshold_day').notNull(),
    urgency: reminderUrgency('urgency').notNull(),
    escalate: boolean('escalate').notNull().default(false),
  },
  (t) => [
    unique('reminder_thresholds_organisation_id_threshold_day_key')
      .on(t.organisationId, t.thresholdDay)
      .nullsNotDistinct(),
    check('reminder_thresholds_threshold_day_check', sql`${t.thresholdDay} between 1 and 3650`),
  ],
)

export const featureFlags = expiry.table(
  'feature_flags',
  {
    organisationId: uuid('organisation_id')
      .notNull()
      .references(() => organisations.id),
    flag: text('flag').notNull(),
    enabled: boolean('enabled').notNull().default(false),
  },
  (t) => [
    primaryKey({ name: 'feature_flags_pkey', columns: [t.organisationId, t.flag] }),
    check('feature_flags_flag_check', sql`${t.flag} in ('per_organisation_thresholds')`),
  ],
)

/**
 * What counts for each organisation now, derived from the two tables above by trigger. `introduced_at` (the clock of
 * the rules) and `recorded_at` (the real clock) are set when a change brought the threshold in, and null where the
 * organisation began with it: protocol.md, "Thresholds that change".
 */
export const effectiveThresholds = expiry.table(
  'effective_thresholds',
  {
    organisationId: uuid('organisation_id')
      .notNull()
      .references(() => organisations.id),
    thresholdDay: integer('threshold_day').notNull(),
    urgency: reminderUrgency('urgency').notNull(),
    escalate: boolean('escalate').notNull(),
    introducedAt: instant('introduced_at'),
    recordedAt: instant('recorded_at'),
  },
  (t) => [primaryKey({ name: 'effective_thresholds_pkey', columns: [t.organisationId, t.thresholdDay] })],
)
