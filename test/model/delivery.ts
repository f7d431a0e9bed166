import { recipientOf } from './facts.ts'
import { maySend } from './model.ts'
import { type Attempt, fail, type Model, makePending, type Row, supersede } from './state.ts'

export type BeginVerdict = 'begun' | 'superseded' | 'no_recipient' | 'stale'

/** `exhausted` is a transient answer after which nobody waits for a better one. */
export type Answer = 'accepted' | 'rejected' | 'failed' | 'exhausted' | 'uncertain' | 'out_of_order'

/** Last look at the facts, right before the wire. A row that is merely pending may begin too: its claim is a hint. */
export function begin(
  model: Model,
  row: Row,
  { generation, leaseLapsed }: { generation: number; leaseLapsed: boolean },
): BeginVerdict {
  if (row.generation !== generation || (row.status !== 'pending' && row.status !== 'queued')) return 'stale'
  if (!maySend(model, row)) {
    supersede(row)
    return 'superseded'
  }
  row.recipient = recipientOf(row.mentor)
  if (row.recipient === null) {
    fail(row, 'no_recipient')
    return 'no_recipient'
  }
  row.status = 'sending'
  row.leaseLapsed = leaseLapsed
  return 'begun'
}

/**
 * What the channel answered to one attempt. What it has once accepted stays accepted, whatever it says of a repetition.
 * Only the attempt under way moves the row, with one exception: an attempt that was given up as uncertain and turns out
 * to have been accepted settles a row that has not been begun again.
 */
export function finish({ row, generation, isHandedOver }: Attempt, answer: Answer): 'recorded' | 'late' | 'stale' {
  const isAccepted = answer === 'accepted' || row.isTaken
  if (answer === 'accepted') row.isTaken = true
  if (row.status === 'sending' && row.generation === generation) {
    record(row, isAccepted ? 'accepted' : answer)
    return 'recorded'
  }
  if (!isHandedOver) return 'stale'
  if (answer !== 'uncertain' && answer !== 'out_of_order') row.uncertain.delete(generation)
  if (!isAccepted || (row.status !== 'pending' && row.status !== 'queued')) return 'stale'
  row.status = 'sent'
  return 'late'
}

function record(row: Row, answer: Answer): void {
  switch (answer) {
    case 'accepted':
      row.status = 'sent'
      break
    case 'rejected':
      fail(row, 'rejected')
      break
    case 'exhausted':
      fail(row, 'attempts_exhausted')
      break
    case 'uncertain':
      row.uncertain.add(row.generation)
      makePending(row)
      break
    case 'failed':
    case 'out_of_order':
      makePending(row)
      break
    default:
      answer satisfies never
  }
}
