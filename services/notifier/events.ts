import type { AlertTold } from '../../runtime/alerts/events.ts'
import type { QueueDiffers } from '../../runtime/connected-services.ts'
import type { DatabaseEvent, QueueEvent } from '../../runtime/server-watch.ts'

/** Everything about the notifier that is worth reporting. Codes, ids and counts; never a person. */
export type NotifierEvent =
  | { kind: 'waiting'; reason: string; error?: unknown }
  | { kind: 'started'; queue: 'redis' | 'postgres'; channels: string[]; concurrency: number }
  | { kind: 'mail_redirected' }
  | { kind: 'answered'; channel: string; outcome: string; milliseconds: number }
  | { kind: 'sent'; id: number; thresholdDay: number; attempt: number; lateSeconds: number | null; late: boolean }
  | { kind: 'skipped'; id: number; why: 'superseded' | 'stale' }
  | { kind: 'failed'; id: number; reason: string }
  | { kind: 'put_off'; id: number; code: string }
  | { kind: 'result_stale'; id: number; attempt: number }
  | { kind: 'gate_closed'; channel: string; code: string }
  | { kind: 'gate_opened'; channel: string }
  | { kind: 'channel_error'; channel: string; error: unknown }
  | { kind: 'begin_failed'; id: number; error: unknown }
  | { kind: 'record_failed'; id: number; error: unknown }
  | { kind: 'finish_failed'; id: number; error: unknown }
  | { kind: 'alert_failed'; error: unknown }
  | QueueEvent
  | DatabaseEvent
  | QueueDiffers
  | { kind: 'worker_error'; error: unknown }
  | { kind: 'worker_replaced' }
  | { kind: 'connection_error'; error: unknown }
  | AlertTold
  | { kind: 'stopped' }

export type Observe = (event: NotifierEvent) => void
