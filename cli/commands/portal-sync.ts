import { openMonitoring, openRegistry } from '../../runtime/monitoring/open.ts'
import { portalSyncLog } from '../../services/portal-sync/event-log.ts'
import type { Observe } from '../../services/portal-sync/events.ts'
import { monitorPortalSync } from '../../services/portal-sync/monitoring.ts'
import { runPortalSync } from '../../services/portal-sync/portal-sync.ts'
import { checkAtStart, surroundings } from '../checks-at-start.ts'
import { serviceCommand } from '../service.ts'

export const portalSyncCommand = serviceCommand({
  name: 'portal-sync',
  about: `Makes the public website show what the database says. Of several processes one works, the others stand by. Without
PORTAL_URL it says that the sync is off. PORTAL_SYNC_HTTP=host:port lets it answer /healthz, /readyz and /metrics.
`,
  async run({ config, logger }, signal) {
    const registry = openRegistry()
    const { observe, readiness } = monitorPortalSync(registry)
    const log = portalSyncLog(logger)
    const areas = { started: [...surroundings, 'Portal settings'], off: ['Portal settings'] } as const
    const check = checkAtStart({ config, logger }, { areas, hearsDoorbell: false }, signal)
    const both: Observe = (event) => {
      log(event)
      observe(event)
      check(event)
    }
    await using _monitoring = await openMonitoring(
      { registry, readiness },
      { variable: 'PORTAL_SYNC_HTTP', address: config.PORTAL_SYNC_HTTP },
    )
    await runPortalSync({ observe: both }, config, signal)
  },
})
