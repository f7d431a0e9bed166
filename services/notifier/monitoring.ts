import { Counter, Histogram, type Registry } from 'prom-client'
import { monitorQueueService } from '../../runtime/monitoring/queue-service.ts'
import type { Readiness } from '../../runtime/monitoring/server.ts'
import type { Observe } from './events.ts'

const hour = 3_600

/** What follows the notifier's events: metrics in the registry, and whether it works. */
export function monitorNotifier(registry: Registry): { observe: Observe; readiness: Readiness } {
  const registers = [registry]
  const attempts = new Counter({
    name: 'mentor_expiry_attempts_total',
    help: "Messages handed to a channel, by the channel's answer",
    labelNames: ['channel', 'outcome'],
    registers,
  })
  const sends = new Histogram({
    name: 'mentor_expiry_send_seconds',
    help: 'Time that a channel takes to answer about one message',
    labelNames: ['channel'],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  })
  const lateness = new Histogram({
    name: 'mentor_expiry_lateness_seconds',
    help: 'Time from the moment that a reminder became due until it was sent, by threshold',
    labelNames: ['threshold'],
    buckets: [1, 5, 15, 60, 300, 900, hour, 6 * hour, 12 * hour, 24 * hour, 72 * hour],
    registers,
  })
  const ends = new Counter({
    name: 'mentor_expiry_reminders_ended_total',
    help: 'What became of the jobs that this notifier took',
    labelNames: ['end'],
    registers,
  })
  const { observe: observeService, reasons } = monitorQueueService(registry)
  const observe: Observe = (event) => {
    switch (event.kind) {
      case 'waiting':
      case 'started':
      case 'queue_lost':
      case 'queue_found':
      case 'database_lost':
      case 'database_found':
        return observeService(event)
      case 'gate_closed':
        return reasons.add(`gate_closed:${event.channel}`)
      case 'gate_opened':
        return reasons.clear(`gate_closed:${event.channel}`)
      case 'answered':
        sends.observe({ channel: event.channel }, event.milliseconds / 1_000)
        return attempts.inc({ channel: event.channel, outcome: event.outcome })
      case 'sent':
        if (event.lateSeconds !== null)
          lateness.observe({ threshold: event.thresholdDay }, Math.max(0, event.lateSeconds))
        return ends.inc({ end: 'sent' })
      case 'failed':
        return ends.inc({ end: event.reason })
      case 'skipped':
        return ends.inc({ end: event.why })
      case 'put_off':
      case 'result_stale':
        return ends.inc({ end: event.kind })
    }
  }
  return { observe, readiness: reasons.readiness }
}
