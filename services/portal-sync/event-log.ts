import type { Logger } from '../../runtime/logger.ts'
import type { Observe, PortalSyncEvent } from './events.ts'

const levels: Record<PortalSyncEvent['kind'], 'debug' | 'info' | 'warn' | 'error'> = {
  off: 'warn',
  waiting: 'warn',
  started: 'info',
  standing_by: 'info',
  holding: 'info',
  lost_hold: 'warn',
  healthy: 'debug',
  unhealthy: 'error',
  gate_closed: 'error',
  gate_opened: 'info',
  pushed: 'info',
  skipped: 'debug',
  begin_failed: 'error',
  record_failed: 'error',
  reconciled: 'info',
  reconcile_failed: 'error',
  watch_failed: 'error',
  queue_lost: 'warn',
  queue_found: 'info',
  database_lost: 'warn',
  database_found: 'info',
  worker_error: 'debug',
  worker_replaced: 'warn',
  queue_differs: 'warn',
  connection_error: 'debug',
  alert: 'warn',
  alert_told: 'info',
  alert_not_told: 'error',
  alerts_failed: 'error',
  stopped: 'info',
}

/** Writes each event as one log line. */
export function portalSyncLog(logger: Logger): Observe {
  return ({ kind, ...facts }) => logger[levels[kind]](facts, kind)
}
