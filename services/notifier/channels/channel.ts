import type { ChannelAnswer, Delivery } from '../../../contracts/delivery.ts'

/**
 * One way of reaching a recipient.
 *
 * `deliver` hands one message over. It never throws for an expected outcome; it throws only where the program itself is
 * wrong (a template that lacks a field). It answers at the latest at its own hard deadline, waiting for a connection
 * included, and quickly once `signal` aborts: then with code `aborted`, which says nothing about the channel's health.
 *
 * `probe` answers undefined when the channel works, else a code. It is asked before a closed gate is opened again.
 */
export type Channel = {
  readonly name: string
  deliver(delivery: Delivery, signal: AbortSignal): Promise<ChannelAnswer>
  probe(signal: AbortSignal): Promise<string | undefined>
  [Symbol.asyncDispose](): Promise<void>
}
