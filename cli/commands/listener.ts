import { listenerLog } from '../../services/listener/event-log.ts'
import { runListener } from '../../services/listener/listener.ts'
import { serviceCommand } from '../service.ts'

export const listenerCommand = serviceCommand({
  name: 'listener',
  summary: 'move pending reminders into the queue',
  about: `Moves pending reminders into the queue, finds what was lost on the way, and runs a night that its schedule has missed.
Run as many as you like.
`,
  run: ({ config, logger }, signal) => runListener({ observe: listenerLog(logger) }, config, signal),
})
