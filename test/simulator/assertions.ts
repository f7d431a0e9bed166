import { constants, generateKeyPairSync, randomUUID, sign, X509Certificate } from 'node:crypto'
import { encodeCertificate } from '../support/x509.ts'

export type Credential = { cert: string; key: string; thumbprint: string }

const day = 86_400_000

/** An RSA key and a certificate for it, around an instant. */
export function createCredential(now: number, days = { from: -1, until: 365 }): Credential {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const authority = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const period = { from: now + days.from * day, until: now + days.until * day }
  const content = { subject: 'mentor-expiry', issuer: 'nobody', publicKey: pair.publicKey, serial: 7, ...period }
  const cert = encodeCertificate(content, authority.privateKey)
  const thumbprint = new X509Certificate(cert).fingerprint256.replaceAll(':', '')
  return { cert, key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), thumbprint }
}

type Assertion = { header?: Record<string, unknown>; claims?: Record<string, unknown>; key?: string }

/** A client assertion as Microsoft describes it, or with changes. */
export function assertionOf(
  credential: Credential,
  { clientId, endpoint, now }: { clientId: string; endpoint: string; now: number },
  { header = {}, claims = {}, key = credential.key }: Assertion = {},
): string {
  const seconds = Math.floor(now / 1_000)
  const thumbprint = Buffer.from(credential.thumbprint, 'hex').toString('base64url')
  const head = { alg: 'PS256', typ: 'JWT', 'x5t#S256': thumbprint, ...header }
  const period = { nbf: seconds, iat: seconds, exp: seconds + 300 }
  const payload = { aud: endpoint, iss: clientId, sub: clientId, jti: randomUUID(), ...period, ...claims }
  const signed = [head, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, ...padding }).toString('base64url')}`
}
