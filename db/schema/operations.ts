import { sql } from 'drizzle-orm'
import { bigint, boolean, check, index, integer, jsonb, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core'
import { expiry, instant } from './types.ts'

export const expiryRuns = expiry.table(
  'expiry_runs',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    source: text('source').notNull(),
    organisationIds: uuid('organisation_ids').array().notNull(),
    status: text('status').notNull().default('running'),
    phases: jsonb('phases').notNull().default([]),
    clock: instant('clock').notNull().defaultNow(),
    startedAt: instant('started_at').notNull().default(sql`pg_catalog.clock_timestamp()`),
    finishedAt: instant('finished_at'),
  },
  (t) => [
    check('expiry_runs_status_check', sql`${t.status} in ('running', 'done', 'failed', 'crashed')`),
    index('expiry_runs_running_idx').on(t.id).where(sql`status = 'running'`),
    index('expiry_runs_not_done_idx').on(t.id).where(sql`status <> 'done'`),
  ],
)

export const operationsAlerts = expiry.table(
  'operations_alerts',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    kind: text('kind').notNull(),
    severity: text('severity').notNull(),
    dedupeKey: text('dedupe_key').notNull(),
    details: jsonb('details').notNull().default({}),
    openedAt: instant('opened_at').notNull().defaultNow(),
    notifiedAt: instant('notified_at'),
    resolvedAt: instant('resolved_at'),
  },
  (t) => [
    // Open alerts have no resolved_at, and nulls are not distinct: one open alert a key.
    unique('operations_alerts_dedupe_key_resolved_at_key').on(t.dedupeKey, t.resolvedAt).nullsNotDistinct(),
    check('operations_alerts_severity_check', sql`${t.severity} in ('warning', 'critical')`),
  ],
)

/**
 * What each destination (`email`, `webhook`, `log`) was told of an alert: `notices` so often that it is open, `toldAt` last,
 * `clearedAt` that it is over. `begunAt` stands while somebody tells it, and where its holder died on the way.
 */
export const alertNotices = expiry.table(
  'alert_notices',
  {
    alertId: bigint('alert_id', { mode: 'number' })
      .notNull()
      .references(() => operationsAlerts.id),
    destination: text('destination').notNull(),
    notices: integer('notices').notNull().default(0),
    begunAt: instant('begun_at'),
    toldAt: instant('told_at'),
    clearedAt: instant('cleared_at'),
    availableAt: instant('available_at').notNull().defaultNow(),
    failures: integer('failures').notNull().default(0),
    lastError: text('last_error'),
  },
  (t) => [
    primaryKey({ name: 'alert_notices_pkey', columns: [t.alertId, t.destination] }),
    index('alert_notices_not_cleared_idx').on(t.destination, t.alertId).where(sql`cleared_at is null`),
  ],
)

/** Which process tells a destination, and until when it may: of two that could, one does. */
export const alertLease = expiry.table('alert_lease', {
  destination: text('destination').primaryKey(),
  holder: uuid('holder').notNull(),
  until: instant('until').notNull(),
})

/** When what reads all mentors, or all that was ever sent, was last looked for: once a day. */
export const dailyChecks = expiry.table('daily_checks', {
  name: text('name').primaryKey(),
  begunAt: instant('begun_at').notNull(),
})

/** Travels in time for tests and simulations: protocol.md, "The clock". */
export const clockOverride = expiry.table(
  'clock_override',
  {
    singleton: boolean('singleton').primaryKey().default(true),
    at: instant('at').notNull(),
  },
  (t) => [check('clock_override_singleton_check', sql`${t.singleton}`)],
)

/** Who was asked to call `expiry.nightly`, when, and when pg_cron last did: a hint that the listener's sweep checks. */
export const nightlySchedule = expiry.table(
  'nightly_schedule',
  {
    singleton: boolean('singleton').primaryKey().default(true),
    scheduler: text('scheduler').notNull(),
    schedule: text('schedule').notNull(),
    setAt: instant('set_at').notNull().defaultNow(),
    calledAt: instant('called_at'),
  },
  (t) => [
    check('nightly_schedule_singleton_check', sql`${t.singleton}`),
    check('nightly_schedule_scheduler_check', sql`${t.scheduler} in ('pg_cron', 'service')`),
  ],
)

/**
 * From which file each function, view and trigger was last made (`source`), and how PostgreSQL prints what it became
 * (`live`), both as hashes: a deploy locks only the tables whose triggers changed, and doctor sees what was altered since.
 */
export const appliedObjects = expiry.table('applied_objects', {
  name: text('name').primaryKey(),
  source: text('source').notNull(),
  live: text('live').notNull(),
})

/** Which migrations this database has, by the names in db/migrations/meta/_journal.json. Written by db/apply.ts. */
export const schemaMigrations = expiry.table('schema_migrations', {
  tag: text('tag').primaryKey(),
  hash: text('hash').notNull(),
  appliedAt: instant('applied_at').notNull().defaultNow(),
})
