import process from 'node:process'
import { parseConfig } from '../runtime/config.ts'
import { openLogger } from '../runtime/logger.ts'
import { openRegistry } from '../runtime/monitoring/open.ts'
import { notifierLog } from '../services/notifier/event-log.ts'
import type { Observe } from '../services/notifier/events.ts'
import { monitorNotifier } from '../services/notifier/monitoring.ts'
import { runNotifier } from '../services/notifier/notifier.ts'
import { instantChannel } from './services.ts'

// The notifier as its command runs it, logs and metrics included, with a channel that accepts at once: what a process of
// its own needs when the mail server is not to be measured. Arguments: DATABASE_URL, QUEUE_URL, NOTIFIER_CONCURRENCY.
const [, , databaseUrl, queueUrl, concurrency] = process.argv
const config = parseConfig({ DATABASE_URL: databaseUrl, QUEUE_URL: queueUrl, NOTIFIER_CONCURRENCY: concurrency })
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const log = notifierLog(openLogger({ level: config.LOG_LEVEL, service: 'notifier' }))
const { observe: count } = monitorNotifier(openRegistry())
const observe: Observe = (event) => {
  log(event)
  count(event)
}
await runNotifier({ channels: [instantChannel()], observe }, config, stop.signal)
process.exit() // as the command does: a connection of BullMQ's may take its time to end
