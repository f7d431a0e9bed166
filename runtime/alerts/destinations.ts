import type { Config } from '../config.ts'
import type { AlertDestination } from './destination.ts'
import { fileAlerts, mailAlerts } from './mail-destination.ts'
import { webhookAlerts } from './webhook-destination.ts'

const outboxSender = { name: 'Mentor expiry', address: 'mentor-expiry@localhost.localdomain' }

/** Where the configuration wants alerts to be told. */
export function openDestinations(config: Config): AlertDestination[] {
  return [openMail(config), openWebhook(config)].filter((destination) => destination !== undefined)
}

function openMail(config: Config): AlertDestination | undefined {
  const { OPERATIONS_EMAIL: to, MAIL_URL: server, MAIL_FROM: from = outboxSender, MAIL_OUTBOX: folder } = config
  if (to === undefined) return undefined
  const mailing = { from, to, redirectTo: config.MAIL_REDIRECT_TO }
  if (server !== undefined) return mailAlerts(server, mailing)
  return folder === undefined ? undefined : fileAlerts(folder, mailing)
}

function openWebhook(config: Config): AlertDestination | undefined {
  const { OPERATIONS_WEBHOOK_URL: url, OPERATIONS_WEBHOOK_SECRET: secrets, OPERATIONS_WEBHOOK_CA_FILE: file } = config
  if (url === undefined || secrets === undefined) return undefined
  return webhookAlerts({ url, authority: file?.certificates }, secrets)
}
