import { generateKeyPairSync } from 'node:crypto'
import { encodeCertificate } from '../../support/x509.ts'

/** A key and its self-signed certificate, PEM; valid for `localhost` and 127.0.0.1, from yesterday for a year. */
export type Certificate = { key: string; cert: string }

const DAY_MS = 86_400_000

/** Makes a new certificate; a client trusts it by `ca: cert`. */
export function createCertificate(now = Date.now()): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const cert = encodeCertificate(
    {
      subject: 'localhost',
      issuer: 'localhost',
      publicKey,
      serial: 1,
      from: now - DAY_MS,
      until: now + 365 * DAY_MS,
      hosts: ['localhost', '127.0.0.1'],
    },
    privateKey,
  )
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert }
}
