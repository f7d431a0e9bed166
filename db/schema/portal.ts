import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  doublePrecision,
  index,
  integer,
  jsonb,
  primaryKey,
  smallint,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'
import { mentors } from './people.ts'
import { expiry, instant } from './types.ts'

/**
 * What the website must show of a mentor (`desired`, by version), and what it was last known to show (`acknowledged`, of the
 * contact `pushed_key`, null where that is unknown). Each return to pending has a version of its own.
 */
export const portalSync = expiry.table(
  'portal_sync',
  {
    mentorId: uuid('mentor_id')
      .primaryKey()
      .references(() => mentors.id),
    desiredVersion: bigint('desired_version', { mode: 'number' }).notNull().default(1),
    desired: jsonb('desired'),
    changedAt: instant('changed_at').notNull().defaultNow(),
    syncedVersion: bigint('synced_version', { mode: 'number' }).notNull().default(0),
    syncedAt: instant('synced_at'),
    status: text('status').notNull().default('pending'),
    /** 1 what a person asked for, 2 hides, 3 reveals, 4 the rest. */
    priority: smallint('priority').notNull().default(4),
    /** Begun so far, ever: with the version the fence of an attempt. */
    attempts: integer('attempts').notNull().default(0),
    /** In a row; what the pause before the next attempt goes by. */
    failures: integer('failures').notNull().default(0),
    availableAt: instant('available_at').notNull().defaultNow(),
    queuedAt: instant('queued_at'),
    leaseUntil: instant('lease_until'),
    sendingVersion: bigint('sending_version', { mode: 'number' }),
    /** A request whose end nobody knows may be carried out until then. */
    unsureUntil: instant('unsure_until'),
    pushedKey: text('pushed_key'),
    /** Contacts of keys that were the mentor's before, until each was seen to show nobody. */
    earlierKeys: text('earlier_keys').array().notNull().default([]),
    acknowledged: jsonb('acknowledged'),
    requestedBy: text('requested_by'),
    /** Set by the reconciliation that has met the contact. */
    metIn: bigint('met_in', { mode: 'number' }),
    lastError: text('last_error'),
  },
  (t) => [
    check('portal_sync_version_check', sql`${t.syncedVersion} <= ${t.desiredVersion}`),
    check(
      'portal_sync_status_check',
      sql`${t.status} in ('pending', 'queued', 'sending', 'verifying', 'synced', 'parked')`,
    ),
    check('portal_sync_priority_check', sql`${t.priority} between 1 and 4`),
    check(
      'portal_sync_sending_check',
      sql`(${t.status} = 'sending') = (${t.leaseUntil} is not null) and (${t.status} = 'sending') = (${t.sendingVersion} is not null)`,
    ),
    index('portal_sync_pending_idx')
      .on(t.priority, t.availableAt, t.mentorId)
      .where(sql`status in ('pending', 'verifying')`),
    index('portal_sync_queued_idx').on(t.mentorId).where(sql`status = 'queued'`),
    index('portal_sync_sending_idx').on(t.leaseUntil).where(sql`status = 'sending'`),
    index('portal_sync_parked_idx').on(t.mentorId).where(sql`status = 'parked'`),
    index('portal_sync_pushed_key_idx').on(t.pushedKey),
    index('portal_sync_earlier_keys_idx').using('gin', t.earlierKeys).where(sql`earlier_keys <> '{}'`),
  ],
)

/**
 * Mentors whom a statement about many has left for a listener to compare with portal_sync, in portions. `changedAt` is
 * when the statement ran, by the clock of the rules.
 */
export const portalRechecks = expiry.table('portal_rechecks', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  mentorIds: uuid('mentor_ids').array().notNull(),
  changedAt: instant('changed_at').notNull(),
  notedAt: instant('noted_at').notNull().default(sql`pg_catalog.clock_timestamp()`),
})

/** What was done at the portal about a mentor, attempt by attempt; `steps` are codes and times, never a value. */
export const portalSyncAttempts = expiry.table(
  'portal_sync_attempts',
  {
    mentorId: uuid('mentor_id').notNull(),
    version: bigint('version', { mode: 'number' }).notNull(),
    attempt: integer('attempt').notNull(),
    outcome: text('outcome').notNull(),
    code: text('code'),
    steps: jsonb('steps').notNull().default([]),
    startedAt: instant('started_at').notNull(),
    finishedAt: instant('finished_at').notNull().default(sql`pg_catalog.clock_timestamp()`),
  },
  (t) => [
    primaryKey({ name: 'portal_sync_attempts_pkey', columns: [t.mentorId, t.version, t.attempt] }),
    index('portal_sync_attempts_finished_at_idx').on(t.finishedAt),
  ],
)

/** Which process speaks with the portal (one at a time: its pace and its gate are everybody's), and what keeps it from doing so. */
export const portalWorker = expiry.table(
  'portal_worker',
  {
    singleton: boolean('singleton').primaryKey().default(true),
    holder: uuid('holder').notNull(),
    until: instant('until').notNull(),
    /** Seconds after which a request of unknown outcome is read back. */
    verifySeconds: doublePrecision('verify_seconds').notNull().default(150),
    /** Why nothing is sent, null while the gate is open; `gate_until` is when the portal may be asked again. */
    gateCode: text('gate_code'),
    gateUntil: instant('gate_until'),
    environment: uuid('environment'),
    /** When the portal was last seen to work, and last looked at. */
    healthyAt: instant('healthy_at'),
    checkedAt: instant('checked_at'),
  },
  (t) => [check('portal_worker_singleton_check', sql`${t.singleton}`)],
)

/** Environments of the portal, by Dataverse's id of the organisation, with which a person has said that all is to be compared. */
export const portalEnvironments = expiry.table('portal_environments', {
  id: uuid('id').primaryKey(),
  adoptedAt: instant('adopted_at').notNull().defaultNow(),
  adoptedBy: text('adopted_by').notNull(),
})

/** Comparisons of all contacts with what they must show: asked for by the night or a person, made by who speaks with the portal. */
export const portalReconciliations = expiry.table(
  'portal_reconciliations',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    requestedBy: text('requested_by').notNull(),
    requestedAt: instant('requested_at').notNull().defaultNow(),
    beginsAt: instant('begins_at').notNull().defaultNow(),
    isInitial: boolean('is_initial').notNull().default(false),
    status: text('status').notNull().default('requested'),
    environment: uuid('environment'),
    startedAt: instant('started_at'),
    finishedAt: instant('finished_at'),
    contacts: integer('contacts').notNull().default(0),
    /** Mentors who claimed to be in sync, of whom `different` and `missing` count. */
    compared: integer('compared').notNull().default(0),
    different: integer('different').notNull().default(0),
    missing: integer('missing').notNull().default(0),
    extra: integer('extra').notNull().default(0),
    pushed: integer('pushed').notNull().default(0),
    error: text('error'),
  },
  (t) => [
    check(
      'portal_reconciliations_status_check',
      sql`${t.status} in ('requested', 'running', 'done', 'held', 'failed')`,
    ),
    index('portal_reconciliations_open_idx').on(t.id).where(sql`status in ('requested', 'running')`),
  ],
)

/** What the last reconciliations have found, by contact; `since` is when it was first found. */
export const portalDifferences = expiry.table(
  'portal_differences',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    portalKey: text('portal_key').notNull(),
    kind: text('kind').notNull(),
    mentorId: uuid('mentor_id'),
    /** Which of visible, status and expiryDate. */
    fields: text('fields').array().notNull().default([]),
    /** The contact shows somebody who must not be shown. */
    isExposed: boolean('is_exposed').notNull().default(false),
    /** The mentor claimed to be in sync. */
    claimsSync: boolean('claims_sync').notNull().default(false),
    since: instant('since').notNull(),
    foundIn: bigint('found_in', { mode: 'number' }).notNull(),
  },
  (t) => [
    unique('portal_differences_portal_key_key').on(t.portalKey),
    check('portal_differences_kind_check', sql`${t.kind} in ('missing', 'extra', 'different')`),
    index('portal_differences_mentor_id_idx').on(t.mentorId),
  ],
)

/** Each use of break-glass-sync: who, why, for whom, and what came of it. */
export const portalBreakGlass = expiry.table(
  'portal_break_glass',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    actor: text('actor').notNull(),
    reason: text('reason').notNull(),
    /** False: it was only looked. */
    isApplied: boolean('is_applied').notNull(),
    /** Null: all. */
    mentorIds: uuid('mentor_ids').array(),
    /** Null until the portal has said which one it is. */
    environment: uuid('environment'),
    startedAt: instant('started_at').notNull().defaultNow(),
    finishedAt: instant('finished_at'),
    /** Null while it is under way, or where its process was killed. */
    outcome: text('outcome'),
    code: text('code'),
    compared: integer('compared').notNull().default(0),
    different: integer('different').notNull().default(0),
    pushed: integer('pushed').notNull().default(0),
    /** Of those to be pushed, who was not. */
    failed: integer('failed').notNull().default(0),
  },
  (t) => [check('portal_break_glass_outcome_check', sql`${t.outcome} in ('done', 'interrupted', 'failed')`)],
)
