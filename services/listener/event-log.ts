import type { Logger } from '../../runtime/logger.ts'
import type { ListenerEvent, Observe } from './events.ts'

const levels: Record<ListenerEvent['kind'], 'debug' | 'info' | 'warn' | 'error'> = {
  waiting: 'warn',
  started: 'info',
  listening: 'info',
  listen_lost: 'warn',
  dispatched: 'debug',
  dispatch_failed: 'error',
  dispatch_recovered: 'info',
  queue_differs: 'warn',
  connection_error: 'debug',
  queue_wiped: 'warn',
  jobs_lost: 'warn',
  rescued: 'warn',
  rechecked: 'debug',
  nightly_started: 'info',
  nightly_ended: 'info',
  sweep_failed: 'error',
  alert: 'warn',
  alert_told: 'info',
  alert_not_told: 'error',
  alerts_failed: 'error',
  stopped: 'info',
}

/** Writes each event as one log line. */
export function listenerLog(logger: Logger): Observe {
  return ({ kind, ...facts }) => logger[levels[kind]](facts, kind)
}
