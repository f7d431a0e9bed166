import { isLoopback } from './loopback-address.ts'

/** Bytes of a secret, as Standard Webhooks has them. */
const secretLength = { least: 24, most: 64 }

/**
 * Whether the text is a URL that a webhook may go to: https, or http to this machine, since a body carries names and
 * addresses and its signature hides none of them. Returns undefined, or what is wrong, without a part of the URL.
 */
export function faultOfWebhookUrl(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') return 'must be an https:// URL'
  if (url.protocol === 'http:' && !isLoopback(url))
    return 'must be an https:// URL; http:// only to 127.0.0.1, localhost or [::1]'
  if (!isPercentEncoded(url.username) || !isPercentEncoded(url.password))
    return 'has a user or password that is not percent-encoded'
  return undefined
}

/** Splits `whsec_… whsec_…` into its secrets. Undefined where one is none of 24 to 64 bytes in base64. */
export function parseWebhookSecrets(text: string): string[] | undefined {
  const secrets = text.split(/\s+/).filter((secret) => secret !== '')
  return secrets.length > 0 && secrets.every(isSecret) ? secrets : undefined
}

/** What is wrong between the variables of a webhook and others, each fault with its variable's name. */
export function findWebhookFaults(
  present: Readonly<Record<string, string | undefined>>,
  prefix: 'WEBHOOK' | 'OPERATIONS_WEBHOOK' = 'WEBHOOK',
): string[] {
  const url = present[`${prefix}_URL`]
  const alone = [`${prefix}_SECRET`, `${prefix}_CA_FILE`].filter((key) => present[key] !== undefined)
  if (url === undefined) return alone.length === 0 ? [] : [`${prefix}_URL: is needed with ${alone.join(' and ')}`]
  const faults = present[`${prefix}_SECRET`] === undefined ? [`${prefix}_SECRET: is needed with ${prefix}_URL`] : []
  // Set on copies of a production database, whose environment may have been copied as well.
  if (present.MAIL_REDIRECT_TO !== undefined && !(URL.canParse(url) && isLoopback(new URL(url)))) {
    faults.push(`${prefix}_URL: must lead to this machine as long as MAIL_REDIRECT_TO is set`)
  }
  return faults
}

function isSecret(secret: string): boolean {
  const [, encoded = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? []
  const { length } = Buffer.from(encoded, 'base64')
  return encoded.length % 4 === 0 && length >= secretLength.least && length <= secretLength.most
}

function isPercentEncoded(part: string): boolean {
  try {
    decodeURIComponent(part)
    return true
  } catch {
    return false
  }
}
