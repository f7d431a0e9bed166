import { z } from 'zod'

const seconds = (fallback: number) => z.coerce.number().positive().default(fallback)
const count = (fallback: number, most: number) => z.coerce.number().int().min(1).max(most).default(fallback)
const postgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' })
const queueUrl = z.union(
  [z.url({ protocol: /^(rediss?|postgres(ql)?)$/ }), z.string().regex(/^redis-cluster:\/\/[^\s/,@]+(,[^\s/,@]+)*$/)],
  { error: 'must be a redis://, rediss://, redis-cluster://host:port,host:port or postgres:// URL' },
)

const Environment = z
  .object({
    DATABASE_URL: postgresUrl.optional(),
    DATABASE_DIRECT_URL: postgresUrl.optional(),
    CRON_DATABASE_URL: postgresUrl.optional(),
    QUEUE_URL: queueUrl.optional(),
    QUEUE_WINDOW: count(10_000, 1_000_000),
    MAIL_URL: z.url({ protocol: /^smtps?$/, error: 'must be an smtp:// or smtps:// URL' }).optional(),
    MAIL_FROM: z.string().min(3).optional(),
    MAIL_OUTBOX: z.string().min(1).optional(),
    MAIL_REDIRECT_TO: z
      .string()
      .regex(/^[^\s@<>(),]+@[^\s@<>(),]+$/, 'must be one e-mail address')
      .optional(),
    DELIVERY_LEASE: seconds(300),
    DELIVERY_DEADLINE: z.coerce.number().positive().optional(),
    RETRY_BASE: seconds(30),
    RETRY_CAP: seconds(900),
    RETRY_FOR: seconds(86_400),
    NOTIFIER_CONCURRENCY: count(10, 500),
    SWEEP_INTERVAL: seconds(5),
    AUDIT_AFTER: seconds(30),
    LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  })
  .superRefine((environment, context) => {
    const fault = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    if (environment.MAIL_URL !== undefined && environment.MAIL_FROM === undefined)
      fault('MAIL_FROM', 'is needed with MAIL_URL')
    if (environment.RETRY_CAP < environment.RETRY_BASE) fault('RETRY_CAP', 'must not be below RETRY_BASE')
    if (
      environment.DELIVERY_DEADLINE !== undefined &&
      environment.DELIVERY_DEADLINE >= environment.DELIVERY_LEASE / 2
    ) {
      fault('DELIVERY_DEADLINE', 'must be below half of DELIVERY_LEASE, or a slow answer would be sent twice')
    }
    if (environment.DATABASE_URL === undefined && environment.DATABASE_DIRECT_URL !== undefined) {
      fault('DATABASE_URL', 'is needed with DATABASE_DIRECT_URL')
    }
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
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = Environment.safeParse(present)
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`)
    throw new ConfigurationError(`bad configuration:\n${faults.join('\n')}`)
  }
  const deadline = parsed.data.DELIVERY_DEADLINE ?? Math.min(60, parsed.data.DELIVERY_LEASE * 0.45)
  return { ...parsed.data, DELIVERY_DEADLINE: deadline }
}

/** Where a service finds its servers once the configuration's defaults are applied. */
export type Servers = { databaseUrl: string; directUrl: string; queueUrl: string }

/** Applies the defaults among the URLs. Throws ConfigurationError where there is no database to default to. */
export function serversOf(config: Config): Servers {
  if (config.DATABASE_URL === undefined) {
    throw new ConfigurationError(
      'bad configuration:\n  DATABASE_URL: is needed, or a running `mentor-expiry up` in this folder',
    )
  }
  const directUrl = config.DATABASE_DIRECT_URL ?? config.DATABASE_URL
  return { databaseUrl: config.DATABASE_URL, directUrl, queueUrl: config.QUEUE_URL ?? directUrl }
}
