import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** An SMTP server and how to speak to it, in the words of nodemailer's connection options. */
export type SmtpServer = {
  readonly host: string
  readonly port: number
  readonly secure: boolean
  readonly auth?: { readonly user: string; readonly pass: string }
  readonly requireTLS?: boolean
  readonly ignoreTLS?: boolean
  readonly authMethod?: string
  readonly name?: string
  readonly tls?: {
    readonly ca?: string
    readonly servername?: string
    readonly rejectUnauthorized?: boolean
    readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  }
}

// A list, because nodemailer takes any option from a URL, `logger` and `debug` among them, which print whole messages.
const Query = z.strictObject({
  requireTLS: z.stringbool().optional(),
  ignoreTLS: z.stringbool().optional(),
  authMethod: z.enum(['PLAIN', 'LOGIN', 'CRAM-MD5']).optional(),
  name: z.string().min(1).optional(),
  caFile: z.string().min(1).optional(),
  servername: z.string().min(1).optional(),
  rejectUnauthorized: z.stringbool().optional(),
  minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).optional(),
})

/**
 * Reads `smtp://user:password@host:port?option=value` or `smtps://…`. Without a port it is 587, or 465 for smtps.
 * smtp uses STARTTLS whenever the server offers it; `requireTLS=true` insists on it. Other options: `ignoreTLS`,
 * `authMethod`, `name` (for EHLO), `caFile` (PEM, read here), `servername`, `rejectUnauthorized`, `minVersion`.
 * Throws an error that names the fault and never repeats a part of the URL.
 */
export function parseMailUrl(text: string): SmtpServer {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || (url.protocol !== 'smtp:' && url.protocol !== 'smtps:')) throw new Error('expected smtp:// or smtps://')
  if (!url.hostname) throw new Error('names no host')
  if (url.pathname !== '' && url.pathname !== '/') throw new Error('has a path, which means nothing to a mail server')
  const query = Query.safeParse(Object.fromEntries(url.searchParams))
  if (!query.success) throw new Error(`bad options in its query: ${faultyOptions(query.error)}`)
  const { caFile, servername, rejectUnauthorized, minVersion, ...options } = withoutUndefined(query.data)
  const secure = url.protocol === 'smtps:'
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port ? Number(url.port) : secure ? 465 : 587,
    secure,
    ...options,
    ...(url.username || url.password ? { auth: { user: decoded(url.username), pass: decoded(url.password) } } : {}),
    tls: withoutUndefined({ ca: caFile && readPem(caFile), servername, rejectUnauthorized, minVersion }),
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new Error('has a user or password that is not percent-encoded')
  }
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new Error('names a caFile that cannot be read')
  }
}

function faultyOptions(error: z.ZodError): string {
  return error.issues.map((issue) => issue.path.join('.') || 'an unknown option').join(', ')
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Defined<T>
}
