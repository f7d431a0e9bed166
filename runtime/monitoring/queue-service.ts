import { Gauge, type Registry } from 'prom-client'
import type { DatabaseEvent, QueueEvent } from '../server-watch.ts'
import { keepReasons, type Reasons } from './reasons.ts'

type QueueServiceEvent = { kind: 'waiting'; reason: string } | { kind: 'started' } | QueueEvent | DatabaseEvent

/** What every service that works on a queue has in common: a gauge of each server, and reasons that begin with its start. */
export function monitorQueueService(registry: Registry): {
  observe: (event: QueueServiceEvent) => void
  reasons: Reasons
} {
  const queue = new Gauge({
    name: 'mentor_expiry_queue_up',
    help: 'Whether the queue takes work from this process; 0 also until it has answered for the first time',
    registers: [registry],
  })
  const database = new Gauge({
    name: 'mentor_expiry_database_up',
    help: 'Whether the database answers this process; 0 also until it has answered for the first time',
    registers: [registry],
  })
  const reasons = keepReasons(['waiting:start'])
  const observe = (event: QueueServiceEvent) => {
    switch (event.kind) {
      case 'waiting':
        reasons.clear('waiting:')
        return reasons.add(`waiting:${event.reason}`)
      case 'started':
        queue.set(1)
        database.set(1)
        return reasons.clear('waiting:')
      case 'queue_lost':
        queue.set(0)
        return reasons.add('queue_lost')
      case 'queue_found':
        queue.set(1)
        return reasons.clear('queue_lost')
      case 'database_lost':
        database.set(0)
        return reasons.add('database_lost')
      case 'database_found':
        database.set(1)
        return reasons.clear('database_lost')
    }
  }
  return { observe, reasons }
}
