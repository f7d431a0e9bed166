import { type Config, ConfigurationError } from '../config.ts'
import { parseMailUrl } from '../mail-url.ts'
import { parseMailbox } from '../mailbox.ts'
import type { AlertDestination } from './destination.ts'
import { fileAlerts, mailAlerts } from './mail-destination.ts'
import { webhookAlerts } from './webhook-destination.ts'

const outboxSender = 'Mentor expiry <mentor-expiry@localhost.localdomain>'

/** Where the configuration wants alerts to be told. Throws ConfigurationError where it names a broken mail server. */
export function openDestinations(config: Config): AlertDestination[] {
  return [openMail(config), openWebhook(config)].filter((destination) => destination !== undefined)
}

function openMail(config: Config): AlertDestination | undefined {
  const { OPERATIONS_EMAIL: to, MAIL_URL, MAIL_OUTBOX, MAIL_REDIRECT_TO: redirectTo } = config
  if (to === undefined) return undefined
  try {
    const mailing = { from: parseMailbox(config.MAIL_FROM ?? outboxSender), to, redirectTo }
    if (MAIL_URL !== undefined) return mailAlerts(parseMailUrl(MAIL_URL), mailing)
    return MAIL_OUTBOX === undefined ? undefined : fileAlerts(MAIL_OUTBOX, mailing)
  } catch (error) {
    const fault = error instanceof Error ? error.message : 'is wrong'
    throw new ConfigurationError(`bad configuration:\n  MAIL_URL, MAIL_FROM: ${fault}`)
  }
}

function openWebhook(config: Config): AlertDestination | undefined {
  const { OPERATIONS_WEBHOOK_URL: url, OPERATIONS_WEBHOOK_SECRET: secrets, OPERATIONS_WEBHOOK_CA_FILE: file } = config
  if (url === undefined || secrets === undefined) return undefined
  return webhookAlerts({ url, authority: file?.certificates }, secrets)
}
