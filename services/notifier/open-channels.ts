import { type Config, ConfigurationError } from '../../runtime/config.ts'
import type { Channel } from './channels/channel.ts'
import { createComposer } from './channels/compose-message.ts'
import { parseMailUrl } from './channels/mail-url.ts'
import { parseMailbox } from './channels/mailbox.ts'
import { createOutboxChannel, tryOutbox } from './channels/outbox-channel.ts'
import { createSmtpChannel } from './channels/smtp-channel.ts'

const outboxSender = 'Mentor expiry <mentor-expiry@localhost.localdomain>'

/** Opens the channels that the configuration names. Throws ConfigurationError where it names none, or a broken one. */
export function openChannels(config: Config): Channel[] {
  const { MAIL_URL, MAIL_FROM, MAIL_OUTBOX, MAIL_REDIRECT_TO } = config
  const deadline = config.DELIVERY_DEADLINE * 1_000
  if (MAIL_URL !== undefined) {
    const server = orFault('MAIL_URL', () => parseMailUrl(MAIL_URL))
    const composer = orFault('MAIL_FROM', () =>
      createComposer({ from: parseMailbox(MAIL_FROM ?? ''), redirectTo: MAIL_REDIRECT_TO }),
    )
    return [createSmtpChannel({ server, composer }, { maxConnections: config.NOTIFIER_CONCURRENCY, deadline })]
  }
  if (MAIL_OUTBOX !== undefined) {
    const composer = orFault('MAIL_FROM', () =>
      createComposer({ from: parseMailbox(MAIL_FROM ?? outboxSender), redirectTo: MAIL_REDIRECT_TO }),
    )
    return [createOutboxChannel({ folder: MAIL_OUTBOX, composer }, { deadline })]
  }
  throw new ConfigurationError('bad configuration:\n  MAIL_URL: is needed, or MAIL_OUTBOX for a folder of .eml files')
}

/** Throws ConfigurationError where messages shall go to a folder that can't be made or written: waiting can't help. */
export function requireOutbox({ MAIL_URL, MAIL_OUTBOX }: Config): void {
  if (MAIL_URL !== undefined || MAIL_OUTBOX === undefined) return
  const fault = tryOutbox(MAIL_OUTBOX)
  if (fault === undefined) return
  throw new ConfigurationError(`bad configuration:\n  MAIL_OUTBOX: the folder can't be made or written (${fault})`)
}

function orFault<T>(variable: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new ConfigurationError(
      `bad configuration:\n  ${variable}: ${error instanceof Error ? error.message : 'is wrong'}`,
    )
  }
}
