import { z } from 'zod'
import { findAlertFaults } from './alerts/settings.ts'
import { type Authority, readAuthority } from './authority.ts'
import { parseClusterUrl } from './cluster-url.ts'
import { parseLoopbackAddress } from './loopback-address.ts'
import { addressOf, findTlsFaults, type ServerAddress } from './server-address.ts'
import { faultOfWebhookUrl, findWebhookFaults, parseWebhookSecrets } from './webhook-settings.ts'

const seconds = (fallback: number) =>
  z.coerce.number({ error: 'must be a number of seconds' }).positive('must be more than 0 seconds').default(fallback)
const count = (fallback: number, most: number) => {
  const error = `must be a whole number from 1 to ${most}`
  return z.coerce.number({ error }).int(error).min(1, error).max(most, error).default(fallback)
}
const postgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' })
const queueUrl = z.union(
  [z.url({ protocol: /^(rediss?|postgres(ql)?)$/ }), z.string().refine((url) => parseClusterUrl(url) !== undefined)],
  {
    error:
      'must be a redis://, rediss:// or postgres:// URL, or redis-cluster://user:password@host:port,host:port (rediss-cluster:// with TLS)',
  },
)

const mailAddress = z.string().regex(/^[^\s@<>(),]+@[^\s@<>(),]+$/, 'must be one e-mail address')

const authority = z.string().transform((file, { addIssue }): Authority => {
  try {
    return readAuthority(file)
  } catch (error) {
    addIssue(error instanceof Error ? error.message : 'cannot be read')
    return z.NEVER
  }
})

const webhookUrl = z.string().superRefine((text, { addIssue }) => {
  const fault = faultOfWebhookUrl(text)
  if (fault !== undefined) addIssue(fault)
})

const webhookSecrets = z.string().transform((text, { addIssue }) => {
  const secrets = parseWebhookSecrets(text)
  if (secrets) return secrets
  addIssue('must be whsec_ and 24 to 64 bytes in base64, or several such secrets with blanks between')
  return z.NEVER
})

const loopbackAddress = z.string().transform((text, { addIssue }) => {
  const address = parseLoopbackAddress(text)
  if (address) return address
  addIssue('must be 127.0.0.1:port, localhost:port or [::1]:port: without sign-in only this machine may reach it')
  return z.NEVER
})

const address = z.string().transform((text, { addIssue }) => {
  const [, host, port] = /^(\[[^\]\s]+\]|[^:[\]\s]+):(\d{1,5})$/.exec(text) ?? []
  if (host !== undefined && Number(port) <= 65_535) return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
  addIssue('must be host:port, such as 127.0.0.1:9401 or 0.0.0.0:9401')
  return z.NEVER
})

const Environment = z.object({
  DATABASE_URL: postgresUrl.optional(),
  DATABASE_DIRECT_URL: postgresUrl.optional(),
  CRON_DATABASE_URL: postgresUrl.optional(),
  DATABASE_CA_FILE: authority.optional(),
  QUEUE_URL: queueUrl.optional(),
  QUEUE_CA_FILE: authority.optional(),
  QUEUE_WINDOW: count(10_000, 1_000_000),
  MAIL_URL: z.url({ protocol: /^smtps?$/, error: 'must be an smtp:// or smtps:// URL' }).optional(),
  MAIL_FROM: z
    .string()
    .regex(/^([^<>]*<)?[^\s@<>(),]+@[^\s@<>(),]+>?$/, 'must be an address, or a name and <address>')
    .optional(),
  MAIL_OUTBOX: z.string().min(1).optional(),
  MAIL_REDIRECT_TO: mailAddress.optional(),
  WEBHOOK_URL: webhookUrl.optional(),
  WEBHOOK_SECRET: webhookSecrets.optional(),
  WEBHOOK_CA_FILE: authority.optional(),
  OPERATIONS_EMAIL: mailAddress.optional(),
  OPERATIONS_WEBHOOK_URL: webhookUrl.optional(),
  OPERATIONS_WEBHOOK_SECRET: webhookSecrets.optional(),
  OPERATIONS_WEBHOOK_CA_FILE: authority.optional(),
  ALERT_REPEAT: seconds(86_400),
  ALERT_LEASE: seconds(60),
  CHECK_INTERVAL: seconds(60),
  DELIVERY_LEASE: seconds(300),
  DELIVERY_DEADLINE: z.coerce
    .number({ error: 'must be a number of seconds' })
    .positive('must be more than 0 seconds')
    .optional(),
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

/** Parses the environment; an empty variable counts as absent. Throws ConfigurationError with every fault at once. */
export function parseConfig(env: NodeJS.ProcessEnv): Config {
  const present = presentIn(env)
  const data = parsedOrThrow(Environment.safeParse(present), [...faultsTogether(present), ...findTlsFaults(present)])
  const deadline = data.DELIVERY_DEADLINE ?? Math.min(60, data.DELIVERY_LEASE * 0.45)
  return { ...data, DELIVERY_DEADLINE: deadline }
}

/**
 * The address of the database at `url`, which the environment or a running instance gave, for a command that needs
 * nothing else. Throws ConfigurationError where DATABASE_CA_FILE is faulty or contradicted.
 */
export function parseDatabase(env: NodeJS.ProcessEnv, url: string): ServerAddress {
  const { DATABASE_CA_FILE, DATABASE_URL, DATABASE_DIRECT_URL } = presentIn(env)
  const present = { DATABASE_CA_FILE, DATABASE_URL: DATABASE_URL ?? DATABASE_DIRECT_URL, DATABASE_DIRECT_URL }
  const parsed = Environment.pick({ DATABASE_CA_FILE: true }).safeParse(present)
  return addressOf(url, parsedOrThrow(parsed, findTlsFaults(present)).DATABASE_CA_FILE)
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
function faultsTogether(present: Record<string, string | undefined>): string[] {
  const number = (key: keyof Environment, fallback: number) => Number(present[key] ?? fallback)
  const faults: string[] = []
  if (present.MAIL_URL !== undefined && present.MAIL_FROM === undefined)
    faults.push('MAIL_FROM: is needed with MAIL_URL')
  faults.push(...findWebhookFaults(present), ...findAlertFaults(present))
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
}

/** Applies the defaults among the URLs. Throws ConfigurationError where there is no database to default to. */
export function serversOf(config: Config): Servers {
  if (config.DATABASE_URL === undefined) {
    throw new ConfigurationError(
      'bad configuration:\n  DATABASE_URL: is needed, or a running `mentor-expiry up` in this folder',
    )
  }
  const { DATABASE_CA_FILE: authority, CRON_DATABASE_URL: cronUrl, QUEUE_URL: queueUrl } = config
  const direct = addressOf(config.DATABASE_DIRECT_URL ?? config.DATABASE_URL, authority)
  return {
    database: addressOf(config.DATABASE_URL, authority),
    direct,
    cron: cronUrl === undefined ? undefined : addressOf(cronUrl, authority),
    queue: queueUrl === undefined ? direct : queueAddress(queueUrl, config),
  }
}

/** An authority of the databases is no authority of a Redis, which may be reached without TLS. */
function queueAddress(url: string, { DATABASE_CA_FILE, QUEUE_CA_FILE }: Config): ServerAddress {
  return addressOf(url, QUEUE_CA_FILE ?? (url.startsWith('postgres') ? DATABASE_CA_FILE : undefined))
}
