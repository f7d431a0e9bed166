import type { Logger } from '../../runtime/logger.ts'
import type { NotifierEvent, Observe } from './events.ts'

const levels: Record<NotifierEvent['kind'], 'trace' | 'debug' | 'info' | 'warn' | 'error'> = {
  waiting: 'warn',
  started: 'info',
  mail_redirected: 'warn',
  answered: 'trace',
  sent: 'info',
  skipped: 'debug',
  failed: 'warn',
  put_off: 'info',
  result_stale: 'warn',
  gate_closed: 'error',
  gate_opened: 'info',
  channel_error: 'error',
  begin_failed: 'error',
  record_failed: 'warn',
  finish_failed: 'error',
  alert_failed: 'error',
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
export function notifierLog(logger: Logger): Observe {
  return ({ kind, ...facts }) => logger[levels[kind]](facts, kind)
}
