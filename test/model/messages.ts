import { isInService, isPast, recipientOf } from './facts.ts'
import { type Mentor, type Model, makePending, newRow, type Row } from './state.ts'

/*
 * The messages about leaving and re-entering service.
 */

/**
 * Writes the message about the mentor's latest change of status: once for each date, only about somebody who could have
 * been seen, and a return only after a leave.
 */
export function tell(model: Model, mentor: Mentor): void {
  const latest = mentor.transitions.at(-1)
  const kind = latest?.to === 'certification_expired' ? 'lapsed' : 'restored'
  const isReturn = latest?.from === 'certification_expired' && isInService(mentor)
  if (kind === 'restored' && !isReturn) return
  // A certification that was taken away is told of by the date that was last admitted.
  const expiry = mentor.expiry ?? mentor.note?.admitted ?? null
  if (expiry === null || isPast(model, mentor, expiry) !== (kind === 'lapsed') || !mentor.wasVisible) return
  const own = model.rows.filter((row) => row.mentor === mentor)
  if (kind === 'restored' && !own.some((row) => row.kind === 'lapsed')) return
  if (own.some((row) => row.kind === kind && row.expiry === expiry)) return
  model.rows.push(newRow({ mentor, kind, threshold: 0, expiry, writtenAt: model.step }, recipientOf(mentor)))
}

/** Whether what the message says is so: out of service, or no longer. */
export function isTrue({ kind, mentor }: Row): boolean {
  return kind === 'lapsed' ? mentor.status === 'certification_expired' : isInService(mentor)
}

/**
 * Messages that were withdrawn unsent and say what is so after all come back. Who left by a person's hand and came back
 * was not restored by the renewal.
 */
export function reviveMessages(model: Model, mentor: Mentor): void {
  for (const row of model.rows) {
    if (row.mentor !== mentor || row.kind === 'reminder' || row.status !== 'superseded') continue
    if (row.expiry !== mentor.expiry || !isTrue(row) || row.mayHaveReached) continue
    if (row.kind === 'lapsed' || row.supersededIn === 'certification_expired') makePending(row)
  }
}
