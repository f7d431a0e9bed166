import { Webhook } from 'standardwebhooks'

/** What every request says of who sends it. */
export const userAgent = { 'user-agent': 'mentor-expiry' }

/** A key for each secret (`whsec_…`): while one replaces another, each signs. */
export function signingKeys(secrets: readonly string[]): Webhook[] {
  return secrets.map((secret) => new Webhook(secret))
}

/** The headers of a webhook that goes out now, by the rules of Standard Webhooks. */
export function signedHeaders(
  keys: readonly Webhook[],
  { id, body }: { id: string; body: string },
): Readonly<Record<string, string>> {
  const now = new Date()
  return {
    ...userAgent,
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': keys.map((key) => key.sign(id, now, body)).join(' '),
  }
}
