import type { AlertTold } from '../../runtime/alerts/events.ts'
import type { QueueDiffers } from '../../runtime/connected-services.ts'

/** Everything about the listener that is worth reporting. Codes, ids and counts; never a person. */
export type ListenerEvent =
  | { kind: 'waiting'; reason: string; error?: unknown }
  | { kind: 'started'; queue: 'redis' | 'postgres' }
  | { kind: 'listening' }
  | { kind: 'listen_lost'; error: unknown }
  | { kind: 'dispatched'; route: string; count: number; milliseconds: number }
  | { kind: 'dispatch_failed'; route: string; error: unknown; pause: number }
  | { kind: 'dispatch_recovered'; route: string }
  | { kind: 'connection_error'; error: unknown }
  | { kind: 'queue_wiped'; route: string; count: number }
  | { kind: 'jobs_lost'; route: string; count: number }
  | { kind: 'rescued'; route: string; count: number }
  | { kind: 'rechecked'; count: number }
  | { kind: 'nightly_started'; organisations: number }
  | { kind: 'nightly_ended'; run: number; status: string }
  | { kind: 'sweep_failed'; route?: string; step: string; error: unknown }
  | QueueDiffers
  | AlertTold
  | { kind: 'stopped' }

export type Observe = (event: ListenerEvent) => void
