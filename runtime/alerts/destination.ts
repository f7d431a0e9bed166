import type { AlertNotice } from '../../contracts/alert.ts'

/** What came of telling one notice. Without an answer it may have arrived all the same: it is told again, under the same identity. */
export type Telling = { readonly isTold: boolean; readonly code: string }

/**
 * One place that alerts are told to. `tell` never throws for an expected outcome, and answers within `milliseconds`;
 * `probe` answers undefined where it would be taken, else a code, and sends no message.
 */
export type AlertDestination = {
  readonly name: 'email' | 'webhook'
  tell(notice: AlertNotice, milliseconds: number, signal: AbortSignal): Promise<Telling>
  probe(milliseconds: number, signal: AbortSignal): Promise<string | undefined>
}
