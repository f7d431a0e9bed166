import { relative } from 'node:path'
import { parseConfig, type Rule } from '../../runtime/config.ts'
import { openLogger } from '../../runtime/logger.ts'
import { findChannelFaults } from '../../services/notifier/open-channels.ts'
import type { Command } from '../command.ts'
import { findRedirectFaults, findUnknownVariables } from '../unknown-variables.ts'
import { runUp } from '../up/run.ts'
import { parseUsage } from '../usage.ts'

const help = `mentor-expiry up [--once] [--example]

Everything in one process: an embedded PostgreSQL with its data in .data/ (or the database of DATABASE_URL), the schema,
one night, the listener, the notifier, the portal-sync and the dashboard; beside an embedded PostgreSQL without PORTAL_URL an
imitated website as well. An empty embedded database gets the example organisation.

  --once      end when every reminder is sent, failed with a reason or superseded
  --example   load the example organisation even where there are others

Without MAIL_URL messages become .eml files in .data/outbox. Ctrl-C stops it, PostgreSQL last; the next start goes on
with the same data.
`

const dataRoot = '.data'

/** Beside an embedded PostgreSQL there is an outbox; one in its folder is made when that is there, by its owner. */
const findFaults: Rule = (present) => {
  const { DATABASE_URL, MAIL_OUTBOX: outbox = dataRoot } = present
  const isLater = DATABASE_URL === undefined && !relative(dataRoot, outbox).startsWith('..')
  return isLater ? [] : findChannelFaults(present)
}

export const upCommand: Command = {
  name: 'up',
  help,
  async run(args, { env, stdout, signal }) {
    const { values } = parseUsage({ args, options: { once: { type: 'boolean' }, example: { type: 'boolean' } } })
    const config = parseConfig({ LOG_LEVEL: 'warn', ...env }, [findFaults, findRedirectFaults])
    const logger = openLogger({ level: config.LOG_LEVEL, service: 'up' })
    for (const unknown of findUnknownVariables(env)) logger.warn(unknown, 'unknown_variable')
    const say = (line: string) => stdout.write(`${line}\n`)
    const options = {
      once: values.once ?? false,
      example: values.example ?? false,
      dataRoot,
      sudoUid: env.SUDO_UID,
    }
    return await runUp({ config, logger, say }, options, signal)
  },
}
