import { tryOutbox } from '../../runtime/channels/outbox.ts'
import { type Config, ConfigurationError, type Rule } from '../../runtime/config.ts'
import type { Channel } from './channels/channel.ts'
import { createComposer } from './channels/compose-message.ts'
import { createOutboxChannel } from './channels/outbox-channel.ts'
import { createSmtpChannel } from './channels/smtp-channel.ts'
import { createWebhookChannel } from './channels/webhook-channel.ts'

const outboxSender = { name: 'Mentor expiry', address: 'mentor-expiry@localhost.localdomain' }

/** Opens the channels that the configuration names. */
export function openChannels(config: Config): Channel[] {
  return [openMail(config), openWebhook(config)].filter((channel) => channel !== undefined)
}

function openMail(config: Config): Channel | undefined {
  const { MAIL_URL: server, MAIL_FROM: from = outboxSender, MAIL_OUTBOX: folder, MAIL_REDIRECT_TO: redirectTo } = config
  if (server === undefined && folder === undefined) return undefined
  const composer = createComposer({ from, redirectTo })
  const deadline = config.DELIVERY_DEADLINE * 1_000
  if (server !== undefined) {
    return createSmtpChannel({ server, composer }, { maxConnections: config.NOTIFIER_CONCURRENCY, deadline })
  }
  return folder === undefined ? undefined : createOutboxChannel({ folder, composer }, { deadline })
}

function openWebhook(config: Config): Channel | undefined {
  const { WEBHOOK_URL: url, WEBHOOK_SECRET: secrets, WEBHOOK_CA_FILE } = config
  if (url === undefined || secrets === undefined) return undefined
  return createWebhookChannel(
    { receiver: { url, authority: WEBHOOK_CA_FILE?.certificates }, secrets },
    { maxConnections: config.NOTIFIER_CONCURRENCY, deadline: config.DELIVERY_DEADLINE * 1_000 },
  )
}

/** A notifier's rule: it has a channel, and a folder that messages shall go to can be made and written. */
export const findChannelFaults: Rule = ({ MAIL_URL, MAIL_OUTBOX, WEBHOOK_URL }) => {
  if (MAIL_URL !== undefined) return []
  if (MAIL_OUTBOX !== undefined) return findOutboxFaults(MAIL_OUTBOX)
  if (WEBHOOK_URL !== undefined) return []
  return ['MAIL_URL: is needed, or MAIL_OUTBOX for a folder of .eml files, or WEBHOOK_URL']
}

/** Throws ConfigurationError where messages shall go to a folder that can't be made or written: waiting can't help. */
export function requireOutbox({ MAIL_URL, MAIL_OUTBOX }: Config): void {
  const faults = MAIL_URL !== undefined || MAIL_OUTBOX === undefined ? [] : findOutboxFaults(MAIL_OUTBOX)
  if (faults.length > 0) throw new ConfigurationError(`bad configuration:\n  ${faults.join('\n  ')}`)
}

function findOutboxFaults(folder: string): string[] {
  const fault = tryOutbox(folder)
  return fault === undefined ? [] : [`MAIL_OUTBOX: the folder can't be made or written (${fault})`]
}
