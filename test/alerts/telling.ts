import { expect } from 'vitest'
import { AlertEvent } from '../../contracts/alert-event.ts'
import { openDestinations } from '../../runtime/alerts/destinations.ts'
import type { AlertTold } from '../../runtime/alerts/events.ts'
import { tellAlerts } from '../../runtime/alerts/tell.ts'
import { parseConfig } from '../../runtime/config.ts'
import { type SmtpFake, startSmtp } from '../fakes/smtp/server.ts'
import { startWebhookReceiver, type WebhookFake } from '../fakes/webhook/server.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { waitFor } from '../support/wait.ts'

/** A database, a mail server, a receiver, and one that tells alerts between them, quickly. */
export type Telling = AsyncDisposable & {
  readonly database: Database
  readonly smtp: SmtpFake
  readonly receiver: WebhookFake
  readonly events: readonly AlertTold[]
  /** What both have received, in order, as `opened nightly_late`. */
  received(): Promise<{ email: string[]; webhook: string[] }>
  /** Resolves when both have received exactly this, and some more rounds have brought nothing. */
  settles(...notices: string[]): Promise<void>
  /** Everything that left: messages decoded, bodies of webhooks, events. */
  everything(): Promise<string>
}

/** Seconds. */
const brisk = { ALERT_LEASE: '6', CHECK_INTERVAL: '0.1', RETRY_BASE: '0.2', RETRY_CAP: '0.5' }

const beginnings: Record<string, string> = { 'still: ': 'repeated', 'over: ': 'resolved' }

/** Starts all of them; `env` goes before. */
export async function startTelling(env: Readonly<Record<string, string>> = {}): Promise<Telling> {
  const database = await freshDatabase()
  const smtp = await startSmtp()
  const receiver = await startWebhookReceiver()
  const config = parseConfig({
    DATABASE_URL: database.url,
    MAIL_URL: smtp.url,
    MAIL_FROM: 'alerts@ops.example',
    OPERATIONS_EMAIL: 'team@ops.example',
    OPERATIONS_WEBHOOK_URL: receiver.url,
    OPERATIONS_WEBHOOK_SECRET: receiver.secret,
    ...brisk,
    ...env,
  })
  const events: AlertTold[] = []
  let rounds = 0
  const pool = {
    query: ((...args: Parameters<Database['query']>) => {
      if (args[0].includes('hold_alert_leases')) rounds += 1
      return database.query(...args)
    }) as Database['pool']['query'],
  }
  const stop = new AbortController()
  const telling = tellAlerts(
    { pool, destinations: openDestinations(config), observe: (event) => void events.push(event) },
    {
      lease: config.ALERT_LEASE,
      repeat: config.ALERT_REPEAT,
      retry: { base: config.RETRY_BASE, cap: config.RETRY_CAP },
      checkEvery: config.CHECK_INTERVAL,
    },
    stop.signal,
  )

  // What is looked for once a day was looked for while nobody was there.
  await waitFor(
    'the first daily checks',
    async () => (await database.query('table expiry.daily_checks')).rowCount === 2,
  )

  const mails = () => Promise.all(smtp.received.map((message) => message.parse()))
  const kindIn = (text: string | undefined) => /^Alert \d+, (\w+),/m.exec(text ?? '')?.[1] ?? '?'
  const received = async () => ({
    email: (await mails()).map(({ subject = '', text }) => {
      const [, beginning = ''] = /^\[mentor-expiry\] (still: |over: )?/.exec(subject) ?? []
      return `${beginnings[beginning] ?? 'opened'} ${kindIn(text)}`
    }),
    webhook: receiver.received.map(({ body }) => {
      const { type, data } = AlertEvent.parse(JSON.parse(body))
      return `${type.replace('alert.', '')} ${data.kind}`
    }),
  })
  return {
    database,
    smtp,
    receiver,
    events,
    received,
    settles: async (...notices) => {
      const sorted = [...notices].sort()
      const isThere = (list: string[]) => list.length >= sorted.length
      await waitFor(`${notices.join(', ')} to arrive at both`, async () =>
        Object.values(await received()).every(isThere),
      )
      const from = rounds
      await waitFor('some more rounds', () => rounds > from + 3)
      const { email, webhook } = await received()
      expect({ email: email.sort(), webhook: webhook.sort() }).toEqual({ email: sorted, webhook: sorted })
    },
    everything: async () => {
      const messages = (await mails()).map(({ subject, text, headers }) =>
        JSON.stringify([subject, text, [...headers]]),
      )
      return [...messages, ...receiver.received.map(({ body }) => body), JSON.stringify(events)].join('\n')
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await telling
      for (const resource of [receiver, smtp, database]) await resource[Symbol.asyncDispose]()
    },
  }
}
