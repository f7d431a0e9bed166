import { z } from 'zod'
import { specialCharacters, userGoesOnBehindHost } from './config-values.ts'
import { readConfiguredFile } from './configured-file.ts'

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
 * Throws an error that names all faults and never repeats a part of the URL.
 */
export function parseMailUrl(text: string): SmtpServer {
  if (!/^smtps?:/i.test(text)) throw new Error('must be an smtp:// or smtps:// URL')
  if (!URL.canParse(text)) throw new Error(`is no URL: ${specialCharacters}`)
  const url = new URL(text)
  const query = Query.safeParse(Object.fromEntries(url.searchParams))
  const [user, pass] = [decoded(url.username), decoded(url.password)]
  const ca = readPem(query.data?.caFile)
  const faults = [
    /^$|%/.test(url.hostname) && 'names no host', // a placeholder such as … is percent-encoded
    url.pathname !== '' && url.pathname !== '/' && 'has a path, which means nothing to a mail server',
    url.hash !== '' && 'has a #, which means nothing to a mail server',
    !query.success && `has bad options in its query: ${faultyOptions(query.error)}`,
    (user === undefined || pass === undefined) && 'has a user or password that is not percent-encoded',
    ca.fault !== undefined && `names a caFile that ${ca.fault}`,
  ].filter((fault) => fault !== false)
  if (faults.length > 0 && userGoesOnBehindHost(url)) faults.push(specialCharacters)
  if (faults.length > 0 || !query.success || user === undefined || pass === undefined)
    throw new Error(faults.join('; '))
  const { caFile: _, servername, rejectUnauthorized, minVersion, ...options } = withoutUndefined(query.data)
  const secure = url.protocol === 'smtps:'
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port ? Number(url.port) : secure ? 465 : 587,
    secure,
    ...options,
    ...(user || pass ? { auth: { user, pass } } : {}),
    tls: withoutUndefined({ ca: ca.text, servername, rejectUnauthorized, minVersion }),
  }
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}

function readPem(file: string | undefined): { text?: string; fault?: string } {
  if (file === undefined) return {}
  try {
    return { text: readConfiguredFile(file) }
  } catch (error) {
    return { fault: error instanceof Error ? error.message : 'cannot be read' }
  }
}

function faultyOptions(error: z.ZodError): string {
  const known = Object.keys(Query.shape).join(', ')
  return error.issues.map((issue) => issue.path.join('.') || `an unknown option (known are ${known})`).join(', ')
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Defined<T>
}
