import { z } from 'zod'
import { readAuthority } from '../authority.ts'
import { address, count, parsedBy, seconds } from '../config-values.ts'
import { isLoopback } from '../loopback-address.ts'
import { type ClientCertificate, readClientCertificate } from './client-certificate.ts'
import { type Mapping, proposedMapping, readMapping } from './mapping.ts'

/** Scheme and host of a server, without anything behind. */
const origin = z.string().transform((text, { addIssue }): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isBare = url !== undefined && [`${url.origin}/`, url.origin].includes(url.href)
  if (isBare && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)))) return url.origin
  addIssue('must be https:// and a host, nothing behind; http:// only to 127.0.0.1, localhost or [::1]')
  return z.NEVER
})

const rateError = 'must be a number of requests a second, more than 0 and at most 1000'

const shareError = 'must be a share, from 0 to 1'

/** The variables about the portal. */
export const portalVariables = {
  PORTAL_URL: origin.optional(),
  PORTAL_TENANT: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9.-]*$/, "must be the tenant's id or its domain")
    .optional(),
  PORTAL_CLIENT_ID: z.guid({ error: "must be the application's id, a GUID" }).optional(),
  PORTAL_CLIENT_SECRET: z.string().optional(),
  PORTAL_CERTIFICATE: parsedBy((file) => readClientCertificate(file)).optional(),
  PORTAL_SECRET_EXPIRES_ON: z.iso.date({ error: 'must be a date, YYYY-MM-DD' }).optional(),
  PORTAL_AUTHORITY: origin.default('https://login.microsoftonline.com'),
  PORTAL_MAPPING: parsedBy(readMapping).default(proposedMapping),
  PORTAL_CA_FILE: parsedBy((file) => readAuthority(file)).optional(),
  PORTAL_RATE: z.coerce.number({ error: rateError }).positive(rateError).max(1_000, rateError).default(10),
  PORTAL_CONCURRENCY: count(4, 50),
  PORTAL_TIMEOUT: seconds(30),
  PORTAL_LEASE: seconds(300),
  PORTAL_VERIFY_AFTER: seconds(150),
  PORTAL_CHECK_INTERVAL: seconds(300),
  PORTAL_SHARE: z.coerce.number({ error: shareError }).min(0, shareError).max(1, shareError).default(0.2),
  PORTAL_SYNC_HTTP: address.optional(),
}

type Variables = z.infer<z.ZodObject<typeof portalVariables>>

/** Those that mean nothing without a portal. */
const useless = ['TENANT', 'CLIENT_ID', 'CLIENT_SECRET', 'CERTIFICATE', 'SECRET_EXPIRES_ON', 'MAPPING', 'CA_FILE']

/** What is wrong between the variables about the portal and others, each fault with its variable's name. */
export function findPortalFaults(present: Readonly<Record<string, string | undefined>>): string[] {
  const { PORTAL_URL, PORTAL_CLIENT_SECRET, PORTAL_CERTIFICATE, MAIL_REDIRECT_TO } = present
  if (PORTAL_URL === undefined) {
    const alone = useless.map((each) => `PORTAL_${each}`).filter((key) => present[key] !== undefined)
    return alone.length === 0 ? [] : [`PORTAL_URL: is needed with ${alone.join(' and ')}`]
  }
  const faults = ['PORTAL_TENANT', 'PORTAL_CLIENT_ID']
    .filter((key) => present[key] === undefined)
    .map((key) => `${key}: is needed with PORTAL_URL`)
  if (PORTAL_CLIENT_SECRET === undefined && PORTAL_CERTIFICATE === undefined) {
    faults.push('PORTAL_CLIENT_SECRET: is needed with PORTAL_URL, or PORTAL_CERTIFICATE')
  }
  if (PORTAL_CLIENT_SECRET !== undefined && PORTAL_CERTIFICATE !== undefined) {
    faults.push('PORTAL_CERTIFICATE: must not be set beside PORTAL_CLIENT_SECRET: one of them proves the application')
  }
  // Four requests fit into a lease: a token, a read, a token again, a write.
  if (Number(present.PORTAL_TIMEOUT ?? 30) > Number(present.PORTAL_LEASE ?? 300) / 4) {
    faults.push('PORTAL_TIMEOUT: must be at most a quarter of PORTAL_LEASE, or two writes for one mentor could overlap')
  }
  // Set on copies of a production database, whose environment may have been copied as well.
  if (MAIL_REDIRECT_TO !== undefined && !(URL.canParse(PORTAL_URL) && isLoopback(new URL(PORTAL_URL)))) {
    faults.push('PORTAL_URL: must lead to this machine as long as MAIL_REDIRECT_TO is set')
  }
  return faults
}

/** What proves the application at the token endpoint. */
type Credential =
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'certificate'; readonly certificate: ClientCertificate }

/** How the portal is reached; times in milliseconds. */
export type PortalSettings = {
  /** Origin of the organisation, and of the authority that hands out tokens for it. */
  readonly url: string
  readonly authority: string
  readonly tenant: string
  readonly clientId: string
  readonly credential: Credential
  readonly mapping: Mapping
  /** Certificates of the only authority that is trusted, PEM; without them those that Node knows. */
  readonly trusted: readonly string[] | undefined
  readonly requestsPerSecond: number
  readonly concurrency: number
  readonly timeout: number
}

/** The settings of the portal; undefined where there is none. */
export function portalOf(config: Variables): PortalSettings | undefined {
  const { PORTAL_URL: url, PORTAL_TENANT: tenant, PORTAL_CLIENT_ID: clientId } = config
  const credential = credentialOf(config)
  if (url === undefined || tenant === undefined || clientId === undefined || credential === undefined) return undefined
  return {
    url,
    authority: config.PORTAL_AUTHORITY,
    tenant,
    clientId,
    credential,
    mapping: config.PORTAL_MAPPING,
    trusted: config.PORTAL_CA_FILE?.certificates,
    requestsPerSecond: config.PORTAL_RATE,
    concurrency: config.PORTAL_CONCURRENCY,
    timeout: config.PORTAL_TIMEOUT * 1_000,
  }
}

function credentialOf({ PORTAL_CERTIFICATE, PORTAL_CLIENT_SECRET }: Variables): Credential | undefined {
  if (PORTAL_CERTIFICATE !== undefined) return { kind: 'certificate', certificate: PORTAL_CERTIFICATE }
  return PORTAL_CLIENT_SECRET === undefined ? undefined : { kind: 'secret', secret: PORTAL_CLIENT_SECRET }
}
