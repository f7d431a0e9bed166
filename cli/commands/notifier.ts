import { notifierLog } from '../../services/notifier/event-log.ts'
import { runNotifier } from '../../services/notifier/notifier.ts'
import { openChannels } from '../../services/notifier/open-channels.ts'
import { serviceCommand } from '../service.ts'

export const notifierCommand = serviceCommand({
  name: 'notifier',
  summary: 'send queued reminders and record what happened',
  about: 'Sends queued reminders and records what happened. Run as many as you like.\n',
  async run({ config, logger }, signal) {
    const channels = openChannels(config)
    try {
      await runNotifier({ channels, observe: notifierLog(logger) }, config, signal)
    } finally {
      for (const channel of channels) await channel[Symbol.asyncDispose]()
    }
  },
})
