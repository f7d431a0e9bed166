import { generateKeyPairSync } from 'node:crypto'
import type { Certificate } from '../fakes/smtp/certificate.ts'
import { encodeCertificate } from './x509.ts'

const DAY_MS = 86_400_000

/** A period in days from now; a negative `until` has expired. */
type Period = { from?: number; until?: number }

/** An authority that signs certificates of servers. `cert` is its own, PEM: who has it believes in what it signs. */
export type TestAuthority = {
  readonly cert: string
  /** Signs a certificate for these hosts, without any for `localhost` and 127.0.0.1. */
  issue(options?: Period & { hosts?: readonly string[] }): Certificate
}

let made = 0

/** Makes an authority of its own name and key. */
export function createAuthority(period: Period = {}): TestAuthority {
  made += 1
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const issuer = `authority ${process.pid}-${made}`
  let serial = 1
  return {
    cert: encodeCertificate(
      { subject: issuer, issuer, publicKey, serial, ...times(period), isAuthority: true },
      privateKey,
    ),
    issue: ({ hosts = ['localhost', '127.0.0.1'], ...rest } = {}) => {
      serial += 1
      const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      const content = { subject: 'server', issuer, publicKey: pair.publicKey, serial, ...times(rest), hosts }
      return {
        key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        cert: encodeCertificate(content, privateKey),
      }
    },
  }
}

function times({ from = -10, until = 365 }: Period): { from: number; until: number } {
  return { from: Date.now() + from * DAY_MS, until: Date.now() + until * DAY_MS }
}
