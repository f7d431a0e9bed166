import type { Client } from 'pg'
import { z } from 'zod'
import { Urgency } from '../../contracts/delivery.ts'
import { Website } from '../website/facts.ts'
import { factsQuery } from './facts-query.ts'

/** `YYYY-MM-DD`, or `YYYY-MM-DD HH:MM:SS+01`, in the organisation's time zone. */
const local = z.string()

const kind = z.enum(['reminder', 'lapsed', 'restored'])

const Attempt = z.object({
  attempt: z.number(),
  channel: z.string(),
  outcome: z.enum(['accepted', 'rejected', 'failed', 'uncertain']),
  code: z.string().nullable(),
  at: local,
  /** Whom it was for; null where that is not on record. */
  recipientKind: z.enum(['coordinator', 'fallback']).nullable(),
  recipient: z.string().nullable(),
})

const Reminder = z.object({
  id: z.number(),
  kind,
  thresholdDay: z.number(),
  expiryDate: local,
  urgency: Urgency,
  source: z.enum(['nightly', 'realtime', 'manual']),
  runId: z.number().nullable(),
  createdAt: local,
  status: z.enum(['pending', 'queued', 'sending', 'sent', 'failed', 'superseded']),
  reason: z.string().nullable(),
  /** When its pause ends; null when it does not pause. */
  pausedUntil: local.nullable(),
  /** Its pause is for its organisation's sending hours. */
  waitsForHours: z.boolean(),
  queuedAt: local.nullable(),
  claimedAt: local.nullable(),
  leaseUntil: local.nullable(),
  sentAt: local.nullable(),
  /** Whom the last attempt was for. */
  recipient: z.string().nullable(),
  lastError: z.string().nullable(),
  retriedBy: z.string().nullable(),
  attempts: z.array(Attempt),
})

const Threshold = z.object({
  thresholdDay: z.number(),
  urgency: Urgency,
  /** The day on which a change brought it in; null: it counted from the beginning. */
  introducedOn: local.nullable(),
  /** First and last day on which it applies to the date that counts; null without one. */
  from: local.nullable(),
  until: local.nullable(),
})

/** A reminder that comes, or why none does; a message about service that is not at its end, or the one about a departure. */
const Next = z.object({
  kind,
  outcome: z.string(),
  thresholdDay: z.number().nullable(),
  dueOn: local.nullable(),
  /** `HH:MM` on that day, where it waits for sending hours. */
  dueFrom: z.string().nullable(),
  recipient: z.string().nullable(),
  reminderId: z.number().nullable(),
})

const Transition = z.object({
  at: local,
  from: z.string(),
  to: z.string(),
  reason: z.string(),
  actor: z.string(),
  runId: z.number().nullable(),
  /** The website could have shown the mentor until then. */
  wasVisible: z.boolean(),
})

const Status = z.enum(['active', 'paused', 'certification_expired', 'inactive'])

const Standing = z.object({
  /** The status that the facts ask for. */
  wantedStatus: Status,
  /** The expiry date that counts: the one last admitted where the brake holds another. */
  date: local.nullable(),
  leavesOn: local.nullable(),
  daysLeft: z.number().nullable(),
  /** The day since which that date is on record; null where that is not known any more. */
  dateSetOn: local.nullable(),
  isVisible: z.boolean(),
  /** A valid date would bring a mentor who is out of service back to a pause. */
  isPausedOnReturn: z.boolean(),
})

/** A change of data that takes, or would take, the mentor out of service, as the brake has judged it. */
const Brake = z.object({
  verdict: z.enum(['undecided', 'admitted', 'held', 'approved', 'rejected']),
  recordedDate: local.nullable(),
  admittedDate: local.nullable(),
  since: local,
  decidedBy: z.string().nullable(),
})

const Facts = z.object({
  organisation: z.object({
    slug: z.string(),
    name: z.string(),
    timeZone: z.string(),
    /** Its own, where the server does not know it and UTC is in force. */
    unknownZone: z.string().nullable(),
    today: local,
    fallbackEmail: z.string().nullable(),
    /** `HH:MM to HH:MM`; null: any hour. */
    sendingHours: z.string().nullable(),
  }),
  mentor: z.object({
    id: z.string(),
    ref: z.string(),
    name: z.string(),
    status: Status,
    pausedUntil: local.nullable(),
    /** Who asked for the removal, which is not done yet. */
    removal: z.object({ at: local, by: z.string() }).nullable(),
    /** Somebody held the mentor's row when a change was to take effect; a sweep looks again. */
    isNoted: z.boolean(),
  }),
  standing: Standing,
  brake: Brake.nullable(),
  transitions: z.array(Transition),
  coordinator: z.object({ name: z.string(), email: z.string().nullable(), active: z.boolean() }).nullable(),
  certification: z.object({ expiryDate: local, daysLeft: z.number(), recordedAt: local }).nullable(),
  history: z.array(z.object({ at: local, from: local.nullable(), to: local, actor: z.string() })),
  thresholds: z.array(Threshold),
  /** The threshold that applies today, whether or not it is accounted for. */
  dueThreshold: z.number().nullable(),
  reminders: z.array(Reminder),
  next: z.array(Next),
  website: Website,
})

export type Attempt = z.infer<typeof Attempt>
export type Reminder = z.infer<typeof Reminder>
export type Threshold = z.infer<typeof Threshold>
export type Next = z.infer<typeof Next>
export type Facts = z.infer<typeof Facts>

/** Everything that bears on one mentor's reminders, as it stood at one instant. Throws when there is no such mentor. */
export async function readFacts(database: Client, mentorId: string): Promise<Facts> {
  const { rows } = await database.query<{ facts: unknown }>(factsQuery, [mentorId])
  return Facts.parse(rows[0]?.facts)
}
