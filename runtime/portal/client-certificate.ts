import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readConfiguredFile } from '../configured-file.ts'

/** What proves the application instead of a secret. */
export type ClientCertificate = {
  readonly privateKey: KeyObject
  /** SHA-256 of the certificate, base64url: the token endpoint finds it by that. */
  readonly thumbprint: string
}

const certificates = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
const privateKeys = /-----BEGIN (?:RSA )?PRIVATE KEY-----[^-]+-----END (?:RSA )?PRIVATE KEY-----/

/**
 * Reads a PEM file with a certificate and its private key. Throws an error whose message names the fault, and neither the
 * path nor anything in the file.
 */
export function readClientCertificate(file: string, now = Date.now()): ClientCertificate {
  const text = readConfiguredFile(file)
  const privateKey = readPrivateKey(text)
  const own = (text.match(certificates) ?? []).map(parseCertificate).find((each) => each.checkPrivateKey(privateKey))
  if (!own) throw new Error('holds no certificate of its private key')
  if (Date.parse(own.validTo) < now) throw new Error('holds a certificate that has expired')
  return { privateKey, thumbprint: createHash('sha256').update(own.raw).digest('base64url') }
}

function readPrivateKey(text: string): KeyObject {
  const [pem] = privateKeys.exec(text) ?? []
  const key = pem === undefined ? undefined : parsePrivateKey(pem)
  if (key?.asymmetricKeyType === 'rsa') return key
  throw new Error('must hold an RSA private key in PEM format, not encrypted, beside the certificate')
}

function parsePrivateKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}

function parseCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch {
    throw new Error('holds a certificate that is damaged')
  }
}
