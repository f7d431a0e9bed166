import { runDashboard } from '../../services/dashboard/dashboard.ts'
import { dashboardLog } from '../../services/dashboard/event-log.ts'
import { serviceCommand } from '../service.ts'

export const dashboardCommand = serviceCommand({
  name: 'dashboard',
  summary: 'serve pages that show the queue, on this machine only',
  about: `Serves pages that show every queue and its jobs, which carry ids and no names. It listens on 127.0.0.1 and changes
nothing unless DASHBOARD_WRITABLE=true. The first line of its log tells the address; from another machine reach it with
the same port at both ends: ssh -L 54380:127.0.0.1:54380 <server>.
`,
  run: ({ config, logger }, signal) => runDashboard({ observe: dashboardLog(logger) }, config, signal),
})
