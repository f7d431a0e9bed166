import { openMonitoring, openRegistry } from '../../runtime/monitoring/open.ts'
import { notifierLog } from '../../services/notifier/event-log.ts'
import type { Observe } from '../../services/notifier/events.ts'
import { monitorNotifier } from '../../services/notifier/monitoring.ts'
import { runNotifier } from '../../services/notifier/notifier.ts'
import { findChannelFaults, openChannels } from '../../services/notifier/open-channels.ts'
import { checkAtStart, surroundings } from '../checks-at-start.ts'
import { serviceCommand } from '../service.ts'
import { findRedirectFaults } from '../unknown-variables.ts'

export const notifierCommand = serviceCommand({
  name: 'notifier',
  about: `Sends queued reminders and records what happened. Run as many as you like. NOTIFIER_HTTP=host:port lets it answer
/healthz, /readyz and /metrics.
`,
  rules: [findChannelFaults, findRedirectFaults],
  async run({ config, logger }, signal) {
    const channels = openChannels(config)
    const registry = openRegistry()
    const { observe, readiness } = monitorNotifier(registry)
    const log = notifierLog(logger)
    const areas = { started: [...surroundings, 'Channels'] } as const
    const check = checkAtStart({ config, logger }, { areas, hearsDoorbell: false }, signal)
    const both: Observe = (event) => {
      log(event)
      observe(event)
      check(event)
    }
    try {
      await using _monitoring = await openMonitoring(
        { registry, readiness },
        { variable: 'NOTIFIER_HTTP', address: config.NOTIFIER_HTTP },
      )
      await runNotifier({ channels, observe: both }, config, signal)
    } finally {
      for (const channel of channels) await channel[Symbol.asyncDispose]()
    }
  },
})
