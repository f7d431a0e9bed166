import { serversOf } from '../../runtime/config.ts'
import { openMonitoring, openRegistry } from '../../runtime/monitoring/open.ts'
import { openPool } from '../../runtime/pool.ts'
import { listenerLog } from '../../services/listener/event-log.ts'
import type { Observe } from '../../services/listener/events.ts'
import { runListener } from '../../services/listener/listener.ts'
import { monitorListener, monitorTables } from '../../services/listener/monitoring.ts'
import { checkAtStart, surroundings } from '../checks-at-start.ts'
import { serviceCommand } from '../service.ts'

export const listenerCommand = serviceCommand({
  name: 'listener',
  about: `Moves pending reminders into the queue, finds what was lost on the way, and runs a night that its schedule has missed.
Run as many as you like. LISTENER_HTTP=host:port lets it answer /healthz, /readyz and /metrics.
`,
  async run({ config, logger }, signal) {
    const registry = openRegistry()
    const { observe, readiness } = monitorListener(registry)
    const log = listenerLog(logger)
    const check = checkAtStart({ config, logger }, { areas: { started: surroundings }, hearsDoorbell: true }, signal)
    const both: Observe = (event) => {
      log(event)
      observe(event)
      check(event)
    }
    const pool = openPool({
      ...serversOf(config).database,
      name: 'mentor-expiry monitoring',
      max: 1,
      patience: 5_000,
      onError: () => undefined,
    })
    monitorTables(registry, pool)
    await using _monitoring = await openMonitoring(
      { registry, readiness },
      { variable: 'LISTENER_HTTP', address: config.LISTENER_HTTP },
    )
    try {
      await runListener({ observe: both }, config, signal)
    } finally {
      await pool.end()
    }
  },
})
