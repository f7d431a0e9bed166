import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  date,
  foreignKey,
  index,
  integer,
  numeric,
  text,
  time,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { expiry, instant, mentorStatus, plausibleDate, plausibleEmail } from './types.ts'

export const organisations = expiry.table(
  'organisations',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    slug: text('slug').notNull().unique('organisations_slug_key'),
    name: text('name').notNull(),
    timeZone: text('time_zone').notNull().default('Europe/Oslo'),
    /** What dates and hours go by: `time_zone`, or UTC while this server does not know that. */
    zoneInForce: text('zone_in_force').notNull().default('UTC'),
    locale: text('locale').notNull().default('nb'),
    escalationEmail: text('escalation_email'),
    fallbackEmail: text('fallback_email'),
    processedOn: date('processed_on'),
    portalEnabled: boolean('portal_enabled').notNull().default(false),
    sendFrom: time('send_from').default('07:00'),
    sendUntil: time('send_until').default('21:00'),
    mentorUrl: text('mentor_url'),
    /** Expiries by a change of data are held when within 24 h they concern more mentors, and a greater share, than these. */
    brakeMentors: integer('brake_mentors').notNull().default(3),
    brakeShare: numeric('brake_share', { precision: 4, scale: 3 }).notNull().default('0.2'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [
    check('organisations_slug_check', sql`${t.slug} ~ '^[a-z0-9]+(-[a-z0-9]+)*$'`),
    check('organisations_locale_check', sql`${t.locale} in ('en', 'nb')`),
    check('organisations_escalation_email_check', plausibleEmail(t.escalationEmail)),
    check('organisations_fallback_email_check', plausibleEmail(t.fallbackEmail)),
    check(
      'organisations_sending_hours_check',
      sql`(${t.sendFrom} is null) = (${t.sendUntil} is null) and ${t.sendUntil} - ${t.sendFrom} >= interval '1 hour'`,
    ),
    check('organisations_brake_check', sql`${t.brakeMentors} >= 0 and ${t.brakeShare} between 0 and 1`),
    check(
      'organisations_mentor_url_check',
      sql`${t.mentorUrl} ~ '^https?://[^[:space:][:cntrl:]<>"{}/?#@\\\\]+([/?#]([^[:space:][:cntrl:]<>"{}\\\\]|[{](ref|id)[}])*)?$'`,
    ),
  ],
)

export const coordinators = expiry.table(
  'coordinators',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    organisationId: uuid('organisation_id')
      .notNull()
      .references(() => organisations.id),
    externalRef: text('external_ref'),
    fullName: text('full_name').notNull(),
    email: text('email'),
    locale: text('locale'),
    active: boolean('active').notNull().default(true),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [
    unique('coordinators_organisation_id_external_ref_key').on(t.organisationId, t.externalRef),
    unique('coordinators_organisation_id_id_key').on(t.organisationId, t.id),
    check('coordinators_locale_check', sql`${t.locale} in ('en', 'nb')`),
    check('coordinators_email_check', plausibleEmail(t.email)),
  ],
)

export const mentors = expiry.table(
  'mentors',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    organisationId: uuid('organisation_id')
      .notNull()
      .references(() => organisations.id),
    coordinatorId: uuid('coordinator_id'),
    externalRef: text('external_ref'),
    portalKey: text('portal_key').unique('mentors_portal_key_key'),
    fullName: text('full_name').notNull(),
    status: mentorStatus('status').notNull().default('active'),
    pausedUntil: date('paused_until'),
    statusVersion: bigint('status_version', { mode: 'number' }).notNull().default(0),
    removalRequestedAt: instant('removal_requested_at'),
    removalRequestedBy: text('removal_requested_by'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [
    unique('mentors_organisation_id_external_ref_key').on(t.organisationId, t.externalRef),
    foreignKey({
      name: 'mentors_coordinator_fkey',
      columns: [t.organisationId, t.coordinatorId],
      foreignColumns: [coordinators.organisationId, coordinators.id],
    }),
    index('mentors_coordinator_id_idx').on(t.coordinatorId),
    index('mentors_paused_until_idx').on(t.pausedUntil).where(sql`status = 'paused'`),
    index('mentors_expired_idx').on(t.id).where(sql`status = 'certification_expired'`),
    // Dataverse compares keys without regard to case.
    uniqueIndex('mentors_portal_key_any_case_key').on(sql`lower(${t.portalKey})`),
    index('mentors_removal_idx').on(t.id).where(sql`removal_requested_at is not null`),
    check('mentors_portal_key_check', sql`${t.portalKey} !~ '[/<>*%&:\\\\?+]' and ${t.portalKey} <> ''`),
    check('mentors_paused_until_check', plausibleDate(t.pausedUntil)),
  ],
)

export const certifications = expiry.table(
  'certifications',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    mentorId: uuid('mentor_id')
      .notNull()
      .unique('certifications_mentor_id_key')
      .references(() => mentors.id),
    expiryDate: date('expiry_date').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [
    index('certifications_expiry_date_idx').on(t.expiryDate, t.mentorId),
    check('certifications_expiry_date_check', plausibleDate(t.expiryDate)),
  ],
)

export const certificationHistory = expiry.table(
  'certification_history',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    certificationId: uuid('certification_id').notNull(),
    mentorId: uuid('mentor_id').notNull(),
    oldExpiryDate: date('old_expiry_date'),
    newExpiryDate: date('new_expiry_date').notNull(),
    actor: text('actor').notNull(),
    changedAt: instant('changed_at').notNull().defaultNow(),
  },
  (t) => [index('certification_history_mentor_id_idx').on(t.mentorId, t.id)],
)
