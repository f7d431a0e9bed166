import type { Day, Instant } from './calendar.ts'

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
}

export type Organisation = {
  id: string
  timeZone: string
  fallback: string | null
  /** Its own thresholds, in force while the flag is on. */
  own: Set<number>
  ownThresholdsFlag: boolean
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
  expiry: Day | null
  /** The date before the last change: what a correction goes back to. */
  formerExpiry: Day | null
}

export type Failure = 'no_recipient' | 'rejected' | 'attempts_exhausted'

/** One row of the log; the key is mentor, threshold and expiry date. */
export type Row = {
  mentor: Mentor
  threshold: number
  expiry: Day
  status: 'pending' | 'queued' | 'sending' | 'sent' | 'failed' | 'superseded'
  failure: Failure | null
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
  }
}

/** A row that waits for something and could be sent; not one on the wire. */
export function isOpen(row: Row): boolean {
  return row.status === 'pending' || row.status === 'queued' || row.status === 'failed'
}

export function supersede(row: Row): void {
  row.status = 'superseded'
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
