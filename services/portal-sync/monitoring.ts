import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { monitorQueueService } from '../../runtime/monitoring/queue-service.ts'
import type { Readiness } from '../../runtime/monitoring/server.ts'
import type { Observe } from './events.ts'

/** What follows the portal sync's events: metrics in the registry, and whether it works. Standing by is work as well. */
export function monitorPortalSync(registry: Registry): { observe: Observe; readiness: Readiness } {
  const registers = [registry]
  const pushes = new Counter({
    name: 'mentor_expiry_portal_pushes_total',
    help: 'Attempts to make the portal show a mentor as it must, by outcome',
    labelNames: ['outcome'],
    registers,
  })
  const seconds = new Histogram({
    name: 'mentor_expiry_portal_push_seconds',
    help: 'Time that one attempt takes, all its requests and their turns in the budget included',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
    registers,
  })
  const gate = new Gauge({
    name: 'mentor_expiry_portal_gate_closed',
    help: 'Whether this process speaks with the portal and must not',
    registers,
  })
  const holding = new Gauge({
    name: 'mentor_expiry_portal_holder',
    help: 'Whether this process is the one that speaks with the portal',
    registers,
  })
  const reconciliations = new Counter({
    name: 'mentor_expiry_portal_reconciliations_total',
    help: 'Comparisons of all contacts with what they must show, by outcome',
    labelNames: ['status'],
    registers,
  })
  const { observe: observeService, reasons } = monitorQueueService(registry)
  const observe: Observe = (event) => {
    switch (event.kind) {
      case 'off':
        reasons.clear('waiting:')
        return reasons.add('off')
      case 'waiting':
      case 'started':
      case 'queue_lost':
      case 'queue_found':
      case 'database_lost':
      case 'database_found':
        return observeService(event)
      case 'holding':
        return holding.set(1)
      case 'standing_by':
      case 'lost_hold':
        reasons.clear('gate_closed')
        gate.set(0)
        return holding.set(0)
      case 'gate_closed':
        gate.set(1)
        return reasons.add('gate_closed')
      case 'gate_opened':
        gate.set(0)
        return reasons.clear('gate_closed')
      case 'pushed':
        pushes.inc({ outcome: event.outcome })
        return seconds.observe(event.milliseconds / 1_000)
      case 'reconciled':
        return reconciliations.inc({ status: event.status })
    }
  }
  return { observe, readiness: reasons.readiness }
}
