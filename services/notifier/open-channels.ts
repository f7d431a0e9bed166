import { tryOutbox } from '../../runtime/channels/outbox.ts'
import { type Config, ConfigurationError } from '../../runtime/config.ts'
import { parseMailUrl } from '../../runtime/mail-url.ts'
import { parseMailbox } from '../../runtime/mailbox.ts'
import type { Channel } from './channels/channel.ts'
import { createComposer } from './channels/compose-message.ts'
import { createOutboxChannel } from './channels/outbox-channel.ts'
import { createSmtpChannel } from './channels/smtp-channel.ts'
import { createWebhookChannel } from './channels/webhook-channel.ts'

const outboxSender = 'Mentor expiry <mentor-expiry@localhost.localdomain>'

/** Opens the channels that the configuration names. Throws ConfigurationError where it names none, or a broken one. */
export function openChannels(config: Config): Channel[] {
  const channels = [openMail(config), openWebhook(config)].filter((channel) => channel !== undefined)
  if (channels.length > 0) return channels
  throw new ConfigurationError(
    'bad configuration:\n  MAIL_URL: is needed, or MAIL_OUTBOX for a folder of .eml files, or WEBHOOK_URL',
  )
}

function openMail(config: Config): Channel | undefined {
  const { MAIL_URL, MAIL_FROM, MAIL_OUTBOX, MAIL_REDIRECT_TO } = config
  const deadline = config.DELIVERY_DEADLINE * 1_000
  const composerFrom = (from: string) =>
    orFault('MAIL_FROM', () => createComposer({ from: parseMailbox(from), redirectTo: MAIL_REDIRECT_TO }))
  if (MAIL_URL !== undefined) {
    const server = orFault('MAIL_URL', () => parseMailUrl(MAIL_URL))
    const composer = composerFrom(MAIL_FROM ?? '')
    return createSmtpChannel({ server, composer }, { maxConnections: config.NOTIFIER_CONCURRENCY, deadline })
  }
  if (MAIL_OUTBOX === undefined) return undefined
  return createOutboxChannel({ folder: MAIL_OUTBOX, composer: composerFrom(MAIL_FROM ?? outboxSender) }, { deadline })
}

function openWebhook(config: Config): Channel | undefined {
  const { WEBHOOK_URL: url, WEBHOOK_SECRET: secrets, WEBHOOK_CA_FILE } = config
  if (url === undefined || secrets === undefined) return undefined
  return createWebhookChannel(
    { receiver: { url, authority: WEBHOOK_CA_FILE?.certificates }, secrets },
    { maxConnections: config.NOTIFIER_CONCURRENCY, deadline: config.DELIVERY_DEADLINE * 1_000 },
  )
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
