import type { Day, Instant } from './calendar.ts'
import type { FoundMentor } from './real.ts'

/** What the rules look at, and the log that they write. Objects are changed in place, as rows are. */
export type Model = {
  now: Instant
  /** Counts what happened, so that "by then" has a meaning while the clock stands still. */
  step: number
  /** Everybody's thresholds. */
  defaults: Set<number>
  organisations: Organisation[]
  coordinators: Coordinator[]
  mentors: Mentor[]
  rows: Row[]
  attempts: Attempt[]
  seen: Seen
}

/** What was seen of the product at the last look, for what must hold from one look to the next. Mentors go by their ids. */
type Seen = {
  mentors: Map<string, FoundMentor>
  /** Whom a change of data has taken out of service, and when. */
  lost: Map<string, Instant>
  /** Whom a person has just let go. */
  approved: Set<string>
}

export type Organisation = {
  id: string
  timeZone: string
  fallback: string | null
  /** Its own thresholds, in force while the flag is on. */
  own: Set<number>
  ownThresholdsFlag: boolean
  /** How many a change of data may take out of service within a day: so many, or this share where that is more. */
  brake: { mentors: number; share: number }
  /** What counts now, with the moment a change brought it in; null where the organisation began with it. */
  inForce: Map<number, { at: Instant; step: number } | null>
  processedOn: Day | null
}

type Coordinator = { id: string; organisation: Organisation; email: string | null; active: boolean }

export type MentorStatus = 'active' | 'paused' | 'certification_expired' | 'inactive'

export type Mentor = {
  id: string
  organisation: Organisation
  coordinator: Coordinator | null
  status: MentorStatus
  /** The first day back; null where a pause has no end. */
  pausedUntil: Day | null
  expiry: Day | null
  /** The date before the last change: what a correction goes back to. */
  formerExpiry: Day | null
  /** Of a date that a change of data moved into the past or took away. */
  note: Note | null
  /** Whether the website could ever have shown the mentor. */
  wasVisible: boolean
  transitions: Transition[]
}

/** The date until then, what the brake or a person says of the change, and when it was made. */
type Note = { admitted: Day; verdict: 'undecided' | 'admitted' | 'held' | 'approved' | 'rejected'; at: Instant }

/** A change of status, and the date that it goes by: the admitted one while a change of data is held or was taken away. */
export type Transition = { from: MentorStatus; to: MentorStatus; reason: string; expiry: Day | null }

type Kind = 'reminder' | 'lapsed' | 'restored'

export type Failure = 'no_recipient' | 'rejected' | 'attempts_exhausted'

/** One row of the log; the key is mentor, kind, threshold (0 of a message) and expiry date. */
export type Row = {
  mentor: Mentor
  kind: Kind
  threshold: number
  expiry: Day
  status: 'pending' | 'queued' | 'sending' | 'sent' | 'failed' | 'superseded'
  failure: Failure | null
  /** The mentor's status when the row was superseded. */
  supersededIn: MentorStatus | null
  /** Whether its message had gone out by then, or nobody knew; what is heard later does not count (ADR 9). */
  mayHaveReached: boolean
  /** Every return to pending adds one. */
  generation: number
  /** Whom the attempt under way, or the last one, was addressed to. */
  recipient: string | null
  /** Of the attempt under way: its sender has been silent for too long. */
  leaseLapsed: boolean
  /** The generations of attempts about which nobody knows whether the message went out. */
  uncertain: Set<number>
  /** The channel has accepted it, if only in an attempt that had been given up: it is never handed to it again. */
  isTaken: boolean
  writtenAt: number
  /** The log's id, learned when the row is first seen there. */
  id: number | null
}

/** A send that has begun and has not been heard of since; nothing is handed over where the channel had accepted before. */
export type Attempt = { row: Row; generation: number; attempt: number; isHandedOver: boolean }

export function emptyModel(now: Instant, defaults: readonly number[]): Model {
  return {
    now,
    step: 0,
    defaults: new Set(defaults),
    organisations: [],
    coordinators: [],
    mentors: [],
    rows: [],
    attempts: [],
    seen: { mentors: new Map(), lost: new Map(), approved: new Set() },
  }
}

/** A mentor as first recorded, without a certification. */
export function newMentor(facts: Pick<Mentor, 'id' | 'organisation' | 'coordinator' | 'status'>): Mentor {
  return {
    ...facts,
    pausedUntil: null,
    expiry: null,
    formerExpiry: null,
    note: null,
    wasVisible: false,
    transitions: [],
  }
}

/** A row about this mentor, kind, threshold and date as it begins: pending, or failed where nobody can be reached. */
export function newRow(
  key: Pick<Row, 'mentor' | 'kind' | 'threshold' | 'expiry' | 'writtenAt'>,
  recipient: string | null,
): Row {
  return {
    ...key,
    status: recipient === null ? 'failed' : 'pending',
    failure: recipient === null ? 'no_recipient' : null,
    supersededIn: null,
    mayHaveReached: false,
    generation: 0,
    recipient: null,
    leaseLapsed: false,
    uncertain: new Set(),
    isTaken: false,
    id: null,
  }
}

/** A row that waits for something and could be sent; not one on the wire. */
export function isOpen(row: Row): boolean {
  return row.status === 'pending' || row.status === 'queued' || row.status === 'failed'
}

export function supersede(row: Row): void {
  row.status = 'superseded'
  row.supersededIn = row.mentor.status
  row.mayHaveReached = row.isTaken || row.uncertain.size > 0
  row.failure = null
}

export function makePending(row: Row): void {
  row.status = 'pending'
  row.failure = null
  row.generation += 1
}

export function fail(row: Row, failure: Failure): void {
  row.status = 'failed'
  row.failure = failure
}
