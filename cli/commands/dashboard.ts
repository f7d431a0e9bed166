import { runDashboard } from '../../services/dashboard/dashboard.ts'
import { dashboardLog } from '../../services/dashboard/event-log.ts'
import type { DashboardEvent } from '../../services/dashboard/events.ts'
import { serviceCommand } from '../service.ts'

export const dashboardCommand = serviceCommand({
  name: 'dashboard',
  about: `Serves pages that show every queue and its jobs, which carry ids and no names. It listens on 127.0.0.1, prints its address,
and changes nothing unless DASHBOARD_WRITABLE=true. From another machine reach it with the same port at both ends:
ssh -L 54380:127.0.0.1:54380 <server>.
`,
  run: ({ config, logger, say }, signal) => {
    const log = dashboardLog(logger)
    const observe = (event: DashboardEvent) => {
      log(event)
      if (event.kind === 'listening') say(`See the queue at ${event.url}`)
    }
    return runDashboard({ observe }, config, signal)
  },
})
