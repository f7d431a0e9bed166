import type { Logger } from '../../runtime/logger.ts'
import type { DashboardEvent, Observe } from './events.ts'

const levels: Record<DashboardEvent['kind'], 'debug' | 'info' | 'warn' | 'error'> = {
  listening: 'info',
  waiting: 'warn',
  started: 'info',
  queue_lost: 'warn',
  queue_found: 'info',
  connection_error: 'debug',
  request_refused: 'warn',
  request_failed: 'error',
  stopped: 'info',
}

/** Writes each event as one log line. */
export function dashboardLog(logger: Logger): Observe {
  return ({ kind, ...facts }) => logger[levels[kind]](facts, kind)
}
