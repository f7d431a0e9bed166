import { resolve } from 'node:path'
import type { ClientConfig } from 'pg'
import type { Authority } from './authority.ts'
import { readConfiguredFile } from './configured-file.ts'

/** What a connection shows of itself and demands of its server; PEM. */
type Tls = { ca: string[]; rejectUnauthorized: true; cert?: string; key?: string }

/**
 * Where a server is. With `tls` every connection is encrypted, and made only to a server whose certificate descends from
 * that authority and names the URL's host; without it the URL decides.
 */
export type ServerAddress = { url: string; tls?: Tls; sslnegotiation?: 'direct' }

/** What a URL of PostgreSQL may say of TLS itself. The driver lets each of them replace whatever stands beside the URL. */
const ownOptions = ['ssl', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'sslnegotiation', 'uselibpqcompat']

/** No more than what an authority demands anyway. */
const harmless: Record<string, RegExp> = {
  ssl: /^(true|1)$/,
  sslmode: /^(allow|prefer|require|verify-ca|verify-full)$/,
  sslnegotiation: /^(postgres|direct)$/,
}

/** The address of a server, whose certificate must descend from the authority where there is one. */
export function addressOf(url: string, authority?: Authority): ServerAddress {
  if (authority === undefined) return { url }
  const tls: Tls = { ca: [...authority.certificates], rejectUnauthorized: true }
  if (!isPostgres(url)) return { url, tls }
  const parsed = new URL(url)
  const [cert, key] = ['sslcert', 'sslkey'].map((option) => readNamed(parsed, option))
  const isDirect = parsed.searchParams.get('sslnegotiation') === 'direct'
  const named = ownOptions.filter((option) => parsed.searchParams.has(option))
  for (const option of named) parsed.searchParams.delete(option)
  return {
    url: named.length === 0 ? url : parsed.href,
    tls: { ...tls, ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) },
    ...(isDirect && { sslnegotiation: 'direct' }),
  }
}

/** The driver's options for a server of PostgreSQL. */
export function postgresOptions({ url, tls, sslnegotiation }: ServerAddress): ClientConfig & {
  connectionString: string
} {
  return { connectionString: url, ...(tls && { ssl: { ...tls } }), ...(sslnegotiation && { sslnegotiation }) }
}

/** The environment's variables that an authority has to do with. */
type Present = Partial<
  Record<
    'DATABASE_URL' | 'DATABASE_DIRECT_URL' | 'CRON_DATABASE_URL' | 'DATABASE_CA_FILE' | 'QUEUE_URL' | 'QUEUE_CA_FILE',
    string | undefined
  >
>

/** What in the URLs contradicts DATABASE_CA_FILE and QUEUE_CA_FILE, each line with its variable and never a value. */
export function findTlsFaults(present: Present): string[] {
  const { DATABASE_CA_FILE: databaseFile, QUEUE_CA_FILE: queueFile, QUEUE_URL: queueUrl } = present
  const faults: string[] = []
  if (databaseFile !== undefined) {
    if (present.DATABASE_URL === undefined) faults.push('DATABASE_URL: is needed with DATABASE_CA_FILE')
    for (const variable of ['DATABASE_URL', 'DATABASE_DIRECT_URL', 'CRON_DATABASE_URL', 'QUEUE_URL'] as const) {
      const url = present[variable]
      if (url === undefined || !isPostgres(url) || (variable === 'QUEUE_URL' && queueFile !== undefined)) continue
      faults.push(...findContradictions(url, 'DATABASE_CA_FILE', databaseFile).map((fault) => `${variable}: ${fault}`))
    }
  }
  // With this option in the URL the driver forgets that the scheme asks for TLS, or for which certificate.
  if (
    queueUrl !== undefined &&
    /^rediss:/.test(queueUrl) &&
    URL.canParse(queueUrl) &&
    new URL(queueUrl).searchParams.has('tls')
  ) {
    faults.push('QUEUE_URL: its option tls contradicts rediss://')
  }
  if (queueFile !== undefined) {
    if (queueUrl === undefined) faults.push('QUEUE_URL: is needed with QUEUE_CA_FILE')
    else faults.push(...findContradictions(queueUrl, 'QUEUE_CA_FILE', queueFile).map((fault) => `QUEUE_URL: ${fault}`))
  }
  return faults
}

function findContradictions(url: string, caVariable: string, caFile: string): string[] {
  if (!URL.canParse(url) && !isCluster(url)) return [] // a fault of its own
  return isPostgres(url) ? inPostgresUrl(new URL(url), caVariable, caFile) : inRedisUrl(url, caVariable)
}

function inPostgresUrl(url: URL, caVariable: string, caFile: string): string[] {
  const faults = Object.entries(harmless).flatMap(([option, pattern]) =>
    url.searchParams.getAll(option).every((value) => pattern.test(value))
      ? []
      : [`its ${option} contradicts ${caVariable}, which means verify-full`],
  )
  if (url.searchParams.getAll('sslrootcert').some((file) => resolve(file) !== resolve(caFile))) {
    faults.push(`its sslrootcert is another file than ${caVariable}`)
  }
  for (const option of ['sslcert', 'sslkey']) {
    try {
      readNamed(url, option)
    } catch (error) {
      faults.push(`its ${option} ${error instanceof Error ? error.message : 'cannot be read'}`)
    }
  }
  const host = url.searchParams.get('host') ?? url.hostname
  if (/^(\/|%2f)/i.test(host)) {
    faults.push(`leads to a Unix socket, on which PostgreSQL speaks no TLS: ${caVariable} cannot hold there`)
  }
  return faults
}

function inRedisUrl(url: string, caVariable: string): string[] {
  if (!/^rediss(-cluster)?:/i.test(url)) {
    return [`must be rediss://, rediss-cluster:// or postgres:// with ${caVariable}`]
  }
  return []
}

function readNamed(url: URL, option: string): string | undefined {
  const file = url.searchParams.getAll(option).at(-1)
  return file === undefined || file === '' ? undefined : readConfiguredFile(file)
}

function isPostgres(url: string): boolean {
  return /^postgres(ql)?:/i.test(url)
}

function isCluster(url: string): boolean {
  return /^rediss?-cluster:/.test(url)
}
