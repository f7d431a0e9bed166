import { constants, verify } from 'node:crypto'
import type { App } from './directory.ts'
import type { TokenError } from './errors.ts'

export type Refusal = { kind: TokenError; facts?: Record<string, string> }

/** Seconds by which the clocks of client and server may differ. */
const tolerance = 300

/** Checks a client assertion (PS256, RFC 7523): undefined where it proves the app, or why it does not. */
export function refuseAssertion(
  assertion: string,
  { app, endpoint, now }: { app: App; endpoint: string; now: number },
): Refusal | undefined {
  const [head = '', payload = '', signature = ''] = assertion.split('.')
  const header = parsePart(head)
  const claims = parsePart(payload)
  if (!header || !claims) return bad('The assertion is malformed.', '')

  const thumbprint = String(header['x5t#S256'] ?? '')
  const hex = Buffer.from(thumbprint, 'base64url').toString('hex').toUpperCase()
  if (header.alg !== 'PS256') return bad('The algorithm is not supported.', hex)
  const certificate = app.certificates.find(
    ({ fingerprint256 }) => fingerprint256.replaceAll(':', '') === hex && hex !== '',
  )
  if (!certificate) return bad('The key was not found.', hex)
  if (Date.parse(certificate.validFrom) > now || Date.parse(certificate.validTo) < now) {
    return bad('The key used is expired.', hex)
  }
  const isGenuine = verify(
    'sha256',
    Buffer.from(`${head}.${payload}`),
    { key: certificate.publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
    Buffer.from(signature, 'base64url'),
  )
  if (!isGenuine) return bad('The signature is not valid.', hex)

  if (claims.aud !== endpoint) return { kind: 'assertion_audience' }
  const seconds = now / 1_000
  const [from, until] = [Number(claims.nbf ?? claims.iat ?? 0), Number(claims.exp)]
  if (!(until + tolerance > seconds) || from - tolerance > seconds) return { kind: 'assertion_expired' }
  const names = [claims.iss, claims.sub].map((name) => String(name).toLowerCase())
  if (names.some((name) => name !== app.clientId.toLowerCase())) return bad('The issuer is not the client.', hex)
  return undefined
}

function bad(reason: string, thumbprint: string): Refusal {
  return { kind: 'bad_certificate', facts: { reason, thumbprint } }
}

function parsePart(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
