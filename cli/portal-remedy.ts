import type { Health } from '../runtime/portal/health.ts'

/** A step of a look at the portal, in the order in which they are taken. */
export type PortalStep = Health['steps'][number]['step']

const rotation = 'docs/runbooks/credential-rotation.md'
const outage = 'docs/runbooks/portal-outage.md'
const mapping = 'see that PORTAL_MAPPING names the table and the columns as they are called there'
const disabled = 'the application user is disabled: have it enabled'

/** The portal, or the token endpoint, is down, in maintenance, or out of reach for a while. */
const outOfOrder =
  /^(token_)?(http_5\d\d|timeout|connection_failed|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|UND_ERR_\w+)$/

/** What to do about a code, by the beginning of it. */
const remedies: readonly [beginning: string, remedy: string][] = [
  [
    'aadsts_7000215',
    `the secret is wrong, or was deleted: its value, not its id, belongs into PORTAL_CLIENT_SECRET; ${rotation}`,
  ],
  ['aadsts_7000222', `the secret has expired: have a new one made; ${rotation}`],
  ['aadsts_700027', `the tenant does not know the certificate of PORTAL_CERTIFICATE: have it registered; ${rotation}`],
  ['aadsts_700024', "this machine's clock is off: set it right; the certificate is none the worse"],
  ['aadsts_700016', 'the tenant does not know the application: see PORTAL_CLIENT_ID and PORTAL_TENANT'],
  ['aadsts_7000112', "the application is disabled in the tenant: ask HLF's IT to enable it"],
  ['aadsts_90002', 'there is no such tenant: see PORTAL_TENANT'],
  ['aadsts_500011', 'the tenant has no such environment: see PORTAL_URL and PORTAL_TENANT'],
  ['aadsts_', `the tenant refuses the application; ${rotation}`],
  ['token_', 'see that PORTAL_AUTHORITY is right and this machine reaches it'],
  ['0x80072560', 'the environment has no application user for this application: have it added, with its role'],
  ['0x80042f09', 'the application user has no role: have it given back'],
  [
    '0x80040220',
    'the role lacks a privilege: it needs Read and Write on the table of the contacts, for the organisation',
  ],
  ['0x80095ffc', "the environment's allow list leaves the application out: have it added"],
  ['ENOTFOUND', 'the host of PORTAL_URL is not known: see that it is right'],
  ['ECONNREFUSED', `nobody answers at PORTAL_URL; ${outage}`],
  ['0x80040225', disabled],
  ['0x8004d24b', disabled],
  ['0x80041d1f', disabled],
]

/** The portal answered, and does not understand what it was asked about. */
const aboutMapping = /^(0x|http_40[04]$|not_understood$)/

const byStep: Record<PortalStep, string> = {
  token: `see PORTAL_AUTHORITY, PORTAL_TENANT and PORTAL_CLIENT_ID, and ${outage}`,
  whoami: `see PORTAL_URL, and ${outage}`,
  contacts: `see PORTAL_URL, and ${outage}`,
}

/** What to do where a look at the portal has ended in this step with this code. */
export function portalRemedy(step: PortalStep, code: string): string {
  if (outOfOrder.test(code)) return `the portal is out of order: nothing to do but wait; ${outage}`
  const known = remedies.find(([beginning]) => code.startsWith(beginning))?.[1]
  return known ?? (step === 'contacts' && aboutMapping.test(code) ? mapping : byStep[step])
}
