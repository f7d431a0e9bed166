import { destination, type Logger, pino } from 'pino'
import { summarise } from './errors.ts'

export type { Logger } from 'pino'

/** JSON lines on standard error. An error is logged as its summary, so that no line names a person. */
export function openLogger(options: { level: string; service: string }): Logger {
  return pino(
    {
      level: options.level,
      base: { service: options.service, pid: process.pid },
      serializers: { error: summarise, err: summarise },
    },
    destination({ dest: 2, sync: true }),
  )
}
