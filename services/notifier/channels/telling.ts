import type { Delivery } from '../../../contracts/delivery.ts'

/**
 * What a delivery has to tell besides who, where and which date, or the code of why it would say something untrue:
 * `already_lapsed` (a reminder, or a return to service, about a date that has passed), `not_lapsed` (the mentor is in service).
 */
export type Telling =
  | { readonly kind: 'reminder'; readonly daysLeft: number; readonly isPaused: boolean }
  | { readonly kind: 'lapsed'; readonly since: string }
  | { readonly kind: 'restored'; readonly status: 'active'; readonly since: string }
  | {
      readonly kind: 'restored'
      readonly status: 'paused'
      readonly since: string
      readonly pausedUntil: string | null
    }
  | { readonly kind: 'refused'; readonly code: 'already_lapsed' | 'not_lapsed' }

/** The same for every channel: what is not true is told by none. */
export function tellingOf({ kind, daysLeft, isPaused, standing }: Delivery): Telling {
  switch (kind) {
    case 'reminder':
      return daysLeft < 0 ? { kind: 'refused', code: 'already_lapsed' } : { kind, daysLeft, isPaused }
    case 'lapsed':
      return daysLeft >= 0 || standing?.status !== 'certification_expired'
        ? { kind: 'refused', code: 'not_lapsed' }
        : { kind, since: standing.since }
    case 'restored': {
      if (daysLeft < 0 || standing === null || standing.status === 'certification_expired') {
        return { kind: 'refused', code: 'already_lapsed' }
      }
      const { status, since, pausedUntil } = standing
      return status === 'active' ? { kind, status, since } : { kind, status, since, pausedUntil }
    }
    default:
      return kind satisfies never
  }
}
