import { z } from 'zod'
import { findAlertFaults } from './alerts/settings.ts'
import { readAuthority } from './authority.ts'
import {
  address,
  count,
  loopbackAddress,
  parsedBy,
  postgresUrl,
  queueUrl,
  seconds,
  time,
  webhookSecrets,
  webhookUrl,
} from './config-values.ts'
import { parseMailUrl } from './mail-url.ts'
import { isMailAddress, parseMailbox } from './mailbox.ts'
import { findPortalFaults, portalVariables } from './portal/settings.ts'
import { addressOf, findTlsFaults, type ServerAddress } from './server-address.ts'
import { findWebhookFaults } from './webhook-settings.ts'

const mailAddress = z.string().refine(isMailAddress, 'must be one e-mail address')

const Environment = z.object({
  DATABASE_URL: postgresUrl.optional(),
  DATABASE_DIRECT_URL: postgresUrl.optional(),
  CRON_DATABASE_URL: postgresUrl.optional(),
  DATABASE_CA_FILE: parsedBy((file) => readAuthority(file)).optional(),
  QUEUE_URL: queueUrl.optional(),
  QUEUE_CA_FILE: parsedBy((file) => readAuthority(file)).optional(),
  QUEUE_WINDOW: count(10_000, 1_000_000),
  MAIL_URL: parsedBy(parseMailUrl).optional(),
  MAIL_FROM: parsedBy(parseMailbox).optional(),
  MAIL_OUTBOX: z.string().min(1).optional(),
  MAIL_REDIRECT_TO: mailAddress.optional(),
  WEBHOOK_URL: webhookUrl.optional(),
  WEBHOOK_SECRET: webhookSecrets.optional(),
  WEBHOOK_CA_FILE: parsedBy((file) => readAuthority(file)).optional(),
  OPERATIONS_EMAIL: mailAddress.optional(),
  OPERATIONS_WEBHOOK_URL: webhookUrl.optional(),
  OPERATIONS_WEBHOOK_SECRET: webhookSecrets.optional(),
  OPERATIONS_WEBHOOK_CA_FILE: parsedBy((file) => readAuthority(file)).optional(),
  ALERT_REPEAT: seconds(86_400),
  ALERT_LEASE: seconds(60),
  CHECK_INTERVAL: seconds(60),
  DELIVERY_LEASE: seconds(300),
  DELIVERY_DEADLINE: time.optional(),
  RETRY_BASE: seconds(30),
  RETRY_CAP: seconds(900),
  RETRY_FOR: seconds(86_400),
  NOTIFIER_CONCURRENCY: count(10, 500),
  SWEEP_INTERVAL: seconds(5),
  AUDIT_AFTER: seconds(30),
  DASHBOARD_ADDRESS: loopbackAddress.optional(),
  DASHBOARD_WRITABLE: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .transform((text) => text === 'true'),
  LISTENER_HTTP: address.optional(),
  NOTIFIER_HTTP: address.optional(),
  ...portalVariables,
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
})

type Environment = z.infer<typeof Environment>

/** The environment, parsed. Times are in seconds. */
export type Config = Readonly<Environment & { DELIVERY_DEADLINE: number }>

/** The names of all variables, for documents and tests. */
export const configurationKeys: readonly string[] = Object.keys(Environment.shape)

/** Bad configuration: waiting cannot help. The message lists every fault, and never a value. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
}

/** The variables that are set, as they stand. */
type Present = Readonly<Record<string, string | undefined>>

/** What else must be so for a command, and which faults there are: each a line with its variable, and never a value. */
export type Rule = (present: Present) => string[]

/**
 * Parses the environment; an empty variable counts as absent. Throws ConfigurationError with every fault at once, those
 * that the rules find included.
 */
export function parseConfig(env: NodeJS.ProcessEnv, rules: readonly Rule[] = []): Config {
  const present = presentIn(env)
  const together = [faultsTogether, findTlsFaults, ...rules].flatMap((rule) => rule(present))
  const data = parsedOrThrow(Environment.safeParse(present), together)
  const deadline = data.DELIVERY_DEADLINE ?? Math.min(60, data.DELIVERY_LEASE * 0.45)
  return { ...data, DELIVERY_DEADLINE: deadline }
}

/** A command's rule that there must be a database; those that are set nowhere may run in this folder. */
export const needsDatabase: Rule = ({ DATABASE_URL, DATABASE_CA_FILE }) =>
  DATABASE_URL === undefined && DATABASE_CA_FILE === undefined ? [noDatabase] : []

const noDatabase = 'DATABASE_URL: is needed, or a running `mentor-expiry up` in this folder'

/**
 * The address of the database for a command that needs nothing else: direct where there is such a URL, or else at `url`,
 * where the environment or a running instance gave one. Throws ConfigurationError with every fault of these variables.
 */
export function parseDatabase(env: NodeJS.ProcessEnv, url: string | undefined): ServerAddress {
  const { DATABASE_CA_FILE, DATABASE_URL, DATABASE_DIRECT_URL } = presentIn(env)
  const present = { DATABASE_CA_FILE, DATABASE_URL, DATABASE_DIRECT_URL }
  const found = { ...present, DATABASE_URL: DATABASE_URL ?? DATABASE_DIRECT_URL ?? url }
  const shape = Environment.pick({ DATABASE_URL: true, DATABASE_DIRECT_URL: true, DATABASE_CA_FILE: true })
  const data = parsedOrThrow(shape.safeParse(present), [...needsDatabase(found), ...findTlsFaults(found)])
  return addressOf(data.DATABASE_DIRECT_URL ?? data.DATABASE_URL ?? url ?? '', data.DATABASE_CA_FILE)
}

/** Without what is empty; schemes of URLs in small letters, because drivers tell TLS by `rediss:` and know no `REDISS:`. */
function presentIn(env: NodeJS.ProcessEnv): Record<string, string | undefined> {
  const present = Object.entries(env).filter(([, value]) => value !== '')
  return Object.fromEntries(
    present.map(([key, value]) => [key, key.endsWith('_URL') ? value?.replace(/^[a-z][a-z\d+.-]*:/i, lowered) : value]),
  )
}

const lowered = (scheme: string) => scheme.toLowerCase()

function parsedOrThrow<T>(parsed: z.ZodSafeParseResult<T>, together: string[]): T {
  const alone = (parsed.error?.issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  const faults = [...alone, ...together]
  if (parsed.success && faults.length === 0) return parsed.data
  throw new ConfigurationError(`bad configuration:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
}

/** What is wrong between variables; told together with what is wrong with each of them. */
function faultsTogether(present: Present): string[] {
  const number = (key: keyof Environment, fallback: number) => Number(present[key] ?? fallback)
  const faults: string[] = []
  if (present.MAIL_URL !== undefined && present.MAIL_FROM === undefined)
    faults.push('MAIL_FROM: is needed with MAIL_URL')
  faults.push(...findWebhookFaults(present), ...findAlertFaults(present), ...findPortalFaults(present))
  if (present.DATABASE_DIRECT_URL !== undefined && present.DATABASE_URL === undefined) {
    faults.push('DATABASE_URL: is needed with DATABASE_DIRECT_URL')
  }
  if (number('RETRY_CAP', 900) < number('RETRY_BASE', 30)) faults.push('RETRY_CAP: must not be below RETRY_BASE')
  if (number('DELIVERY_DEADLINE', 0) >= number('DELIVERY_LEASE', 300) / 2) {
    faults.push('DELIVERY_DEADLINE: must be below half of DELIVERY_LEASE, or a slow answer would be sent twice')
  }
  return faults
}

/** Where a service finds its servers once the configuration's defaults are applied. */
export type Servers = {
  database: ServerAddress
  direct: ServerAddress
  cron: ServerAddress | undefined
  queue: ServerAddress
  /** The variable that says where the queue is. */
  queueVariable: 'QUEUE_URL' | 'DATABASE_DIRECT_URL' | 'DATABASE_URL'
}

/** Applies the defaults among the URLs. Throws ConfigurationError where there is no database to default to. */
export function serversOf(config: Config): Servers {
  if (config.DATABASE_URL === undefined) {
    throw new ConfigurationError(`bad configuration:\n  ${noDatabase}`)
  }
  const { DATABASE_CA_FILE: authority, CRON_DATABASE_URL: cronUrl, QUEUE_URL: queueUrl } = config
  const direct = addressOf(config.DATABASE_DIRECT_URL ?? config.DATABASE_URL, authority)
  return {
    database: addressOf(config.DATABASE_URL, authority),
    direct,
    cron: cronUrl === undefined ? undefined : addressOf(cronUrl, authority),
    queue: queueUrl === undefined ? direct : queueAddress(queueUrl, config),
    queueVariable:
      queueUrl !== undefined ? 'QUEUE_URL' : config.DATABASE_DIRECT_URL ? 'DATABASE_DIRECT_URL' : 'DATABASE_URL',
  }
}

/** An authority of the databases is no authority of a Redis, which may be reached without TLS. */
function queueAddress(url: string, { DATABASE_CA_FILE, QUEUE_CA_FILE }: Config): ServerAddress {
  return addressOf(url, QUEUE_CA_FILE ?? (url.startsWith('postgres') ? DATABASE_CA_FILE : undefined))
}
