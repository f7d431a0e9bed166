import type { PortalResult, PortalStep } from '../../contracts/portal-task.ts'
import type { Failure } from '../../runtime/portal/answer.ts'

/** How a push, or a part of one, has ended; `obstacle` is what was met where it failed, and may stand in everybody's way. */
export type Ended = { result: PortalResult; obstacle: Failure | undefined }

/** What a push keeps while it is under way: it goes along with however that ends. */
export type Account = { steps: PortalStep[]; withdrawn: string[]; begunAt: string; startedAt: string }

/** The portal shows what it must. */
export function acknowledged(
  { steps, begunAt, startedAt, withdrawn }: Account,
  facts: Pick<Extract<PortalResult, { outcome: 'acknowledged' }>, 'key' | 'shown'>,
): Ended {
  return { result: { outcome: 'acknowledged', ...facts, steps, begunAt, startedAt, withdrawn }, obstacle: undefined }
}

/** Seconds until a mentor is tried again whom something holds up that concerns everybody: the gate holds meanwhile. */
const behindTheGate = 5

/**
 * Not carried out, or perhaps not. `written`: the contact that a write was sent to, which may be carried out late; null where
 * it is that of an earlier key.
 */
export function failed(
  { steps, begunAt, startedAt, withdrawn }: Account,
  failure: Failure,
  written?: string | null,
): Ended {
  const { code } = failure
  const facts = { code, steps, begunAt, startedAt, withdrawn }
  switch (failure.kind) {
    case 'missing':
    case 'rejected':
      return { result: { outcome: 'parked', ...facts }, obstacle: failure }
    case 'conflict':
      return { result: { outcome: 'failed', ...facts }, obstacle: undefined }
    case 'forbidden':
    case 'credentials_rejected':
      return { result: { outcome: 'postponed', retryAfter: behindTheGate, ...facts }, obstacle: failure }
    case 'throttled':
      return {
        result: { outcome: 'postponed', retryAfter: failure.retryAfter ?? behindTheGate, ...facts },
        obstacle: failure,
      }
    case 'failed':
      if (failure.mayHaveArrived && written !== undefined) {
        return { result: { outcome: 'unknown', key: written, ...facts }, obstacle: failure }
      }
      return { result: { outcome: 'failed', ...facts }, obstacle: failure }
    default:
      return failure satisfies never
  }
}

/** The same, where it waits for the night, a change or a person. */
export function parked({ steps, begunAt, startedAt, withdrawn }: PortalResult, code: string): PortalResult {
  return { outcome: 'parked', code, steps, begunAt, startedAt, withdrawn }
}

/** Whether another contact may fare better. */
export function isAboutOne({ kind }: Failure): boolean {
  return kind === 'missing' || kind === 'rejected' || kind === 'forbidden'
}

/** From the best to the worst: the later ones are tried again the sooner, and say the less about what is shown. */
const outcomes: readonly PortalResult['outcome'][] = ['acknowledged', 'parked', 'postponed', 'failed', 'unknown']

/** The worse of two ends of one push. */
export function worse(one: Ended, other: Ended): Ended {
  return outcomes.indexOf(other.result.outcome) > outcomes.indexOf(one.result.outcome) ? other : one
}
