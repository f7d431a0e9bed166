import type { Health } from '../../runtime/portal/health.ts'
import { portalCodes } from './codes.ts'

/** A step of a look at the portal, in the order in which they are taken. */
export type PortalStep = Health['steps'][number]['step']

const rotation = 'docs/runbooks/credential-rotation.md'
const outage = 'docs/runbooks/portal-outage.md'
const mapping = 'see that PORTAL_MAPPING names the table and the columns as they are called there'
const enable = 'have it enabled'

/** The portal, or the token endpoint, is down, in maintenance, or out of reach for a while. */
const outOfOrder =
  /^(token_)?(http_5\d\d|timeout|connection_failed|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|UND_ERR_\w+)$/

/** What to do about a code, beside what it means. */
const remedies: Readonly<Record<string, string>> = {
  aadsts_7000215: `its value, not its id, belongs into PORTAL_CLIENT_SECRET; ${rotation}`,
  aadsts_7000222: `have a new one made; ${rotation}`,
  aadsts_700027: `have that of PORTAL_CERTIFICATE registered in the tenant; ${rotation}`,
  aadsts_700024: 'set it right; the certificate is none the worse',
  aadsts_700016: 'see PORTAL_CLIENT_ID and PORTAL_TENANT',
  aadsts_7000112: "ask HLF's IT to enable it",
  aadsts_90002: 'see PORTAL_TENANT',
  aadsts_500011: 'see PORTAL_URL and PORTAL_TENANT',
  '0x80072560': 'have it added, with its role',
  '0x80042f09': 'have it given back',
  '0x80040220': 'it needs Read and Write on the table of the contacts, for the organisation',
  '0x80095ffc': 'have it added',
  '0x80040225': enable,
  '0x8004d24b': enable,
  '0x80041d1f': enable,
  ENOTFOUND: 'see that PORTAL_URL is right',
  ECONNREFUSED: `see PORTAL_URL, and ${outage}`,
}

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
  const known = remedies[code]
  if (known !== undefined) return `${portalCodes[code]}: ${known}`
  if (code.startsWith('aadsts_')) return `the tenant refuses our application or its credential; ${rotation}`
  if (code.startsWith('token_')) return 'see that PORTAL_AUTHORITY is right and this machine reaches it'
  return step === 'contacts' && aboutMapping.test(code) ? mapping : byStep[step]
}
