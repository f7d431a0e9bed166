import { findWebhookFaults } from '../webhook-settings.ts'

/** What is wrong between the variables about alerts and others, each fault with its variable's name. */
export function findAlertFaults(present: Readonly<Record<string, string | undefined>>): string[] {
  const { OPERATIONS_EMAIL, MAIL_URL, MAIL_OUTBOX, DATABASE_URL } = present
  const faults = findWebhookFaults(present, 'OPERATIONS_WEBHOOK')
  // Without a database of one's own `up` has an outbox beside the embedded one.
  if (OPERATIONS_EMAIL !== undefined && (MAIL_URL ?? MAIL_OUTBOX) === undefined && DATABASE_URL !== undefined) {
    faults.push('MAIL_URL: is needed with OPERATIONS_EMAIL, or MAIL_OUTBOX for a folder of .eml files')
  }
  return faults
}
