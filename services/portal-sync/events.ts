import type { AlertTold } from '../../runtime/alerts/events.ts'
import type { QueueDiffers } from '../../runtime/connected-services.ts'
import type { DatabaseEvent, QueueEvent } from '../../runtime/server-watch.ts'

/** Everything about the portal sync that is worth reporting. Codes, ids and counts; never a person, never a key. */
export type PortalSyncEvent =
  | { kind: 'off' }
  | { kind: 'waiting'; reason: string; error?: unknown }
  | { kind: 'started'; queue: 'redis' | 'postgres' }
  | { kind: 'standing_by' }
  | { kind: 'holding' }
  | { kind: 'lost_hold' }
  | { kind: 'healthy'; environment: string }
  | { kind: 'unhealthy'; step: string; code: string }
  | { kind: 'gate_closed'; code: string; seconds?: number }
  | { kind: 'gate_opened' }
  | {
      kind: 'pushed'
      mentor: string
      version: number
      attempt: number
      outcome: string
      status: string
      code?: string
      milliseconds: number
    }
  | { kind: 'skipped'; mentor: string; why: string }
  | { kind: 'begin_failed'; mentor: string; error: unknown }
  | { kind: 'record_failed'; mentor: string; error: unknown }
  | { kind: 'reconciled'; reconciliation: number; status: string; code?: string }
  | { kind: 'reconcile_failed'; error: unknown }
  | { kind: 'watch_failed'; step: string; error: unknown }
  | QueueEvent
  | DatabaseEvent
  | QueueDiffers
  | { kind: 'worker_error'; error: unknown }
  | { kind: 'worker_replaced' }
  | { kind: 'connection_error'; error: unknown }
  | AlertTold
  | { kind: 'stopped' }

export type Observe = (event: PortalSyncEvent) => void
