import type { WebhookFake } from '../fakes/webhook/server.ts'
import { only, type Runner } from '../support/people.ts'
import { copies } from './attempts.ts'

/** The environment of a notifier that sends to this receiver. */
export const to = ({ url, secret }: WebhookFake) => ({ WEBHOOK_URL: url, WEBHOOK_SECRET: secret })

/** How many webhooks were taken once, twice and so on. */
export const taken = (receiver: WebhookFake) => copies({ countByMessageId: receiver.countTaken })

/** The ids of the webhooks that came, with or without an answer. */
export const ids = (receiver: WebhookFake) => receiver.received.map(({ id }) => id)

/** How many attempts each channel has accepted. */
export async function accepted(runner: Runner): Promise<Record<string, number>> {
  const { rows } = await runner.query<{ channel: string; count: number }>(
    `select channel, count(*)::integer as count from expiry.reminder_delivery_attempts where outcome = 'accepted' group by channel`,
  )
  return Object.fromEntries(rows.map(({ channel, count }) => [channel, count]))
}

/** How often the reminders came back from a notifier: each return adds one to the generation. */
export async function begun(runner: Runner): Promise<{ least: number; most: number }> {
  const { rows } = await runner.query<{ least: number; most: number }>(
    'select min(generation) as least, max(generation) as most from expiry.reminder_dispatch_log',
  )
  return only(rows)
}
