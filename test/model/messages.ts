import { isInService, isPast, recipientOf } from './facts.ts'
import { type Mentor, type Model, makePending, newRow, type Row, type Transition } from './state.ts'

/*
 * The messages about leaving and re-entering service.
 */

/**
 * Writes the message about the mentor's latest change of status: once for each date, only about somebody who could have
 * been seen, and a return only where its own leave was worth a message.
 */
export function tell(model: Model, mentor: Mentor): void {
  const latest = mentor.transitions.at(-1)
  const kind = latest?.to === 'certification_expired' ? 'lapsed' : 'restored'
  const isReturn = latest?.from === 'certification_expired' && isInService(mentor)
  if (kind === 'restored' && !isReturn) return
  const expiry = latest?.expiry ?? null
  if (expiry === null || isPast(model, mentor, expiry) !== (kind === 'lapsed') || !mentor.wasVisible) return
  const own = model.rows.filter((row) => row.mentor === mentor)
  const isOfLastLeave = (row: Row) => row.kind === 'lapsed' && row.expiry === lastLeave(mentor)?.expiry
  if (kind === 'restored' && !own.some(isOfLastLeave)) return
  if (own.some((row) => row.kind === kind && row.expiry === expiry)) return
  model.rows.push(newRow({ mentor, kind, threshold: 0, expiry, writtenAt: model.step }, recipientOf(mentor)))
}

function lastLeave({ transitions }: Mentor): Transition | undefined {
  return transitions.findLast(({ to }) => to === 'certification_expired')
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
    const expiry = row.kind === 'lapsed' ? lastLeave(mentor)?.expiry : mentor.expiry
    if (row.expiry !== expiry || !isTrue(row) || row.mayHaveReached) continue
    if (row.kind === 'lapsed' || row.supersededIn === 'certification_expired') makePending(row)
  }
}
