import { X509Certificate } from 'node:crypto'
import { readConfiguredFile } from './configured-file.ts'

/** An authority of the operator's own: a server's certificate must be one of these or be signed by one of them. */
export type Authority = { readonly certificates: readonly string[] }

const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/**
 * Reads a PEM file of one or more certificates. Beside one that is valid today an expired one may stand, as while an
 * authority is replaced. Throws an error whose message names the fault, and neither the path nor anything in the file.
 */
export function readAuthority(file: string, now = Date.now()): Authority {
  const certificates = readConfiguredFile(file).match(certificate) ?? []
  if (certificates.length === 0) throw new Error('holds no certificate in PEM format')
  const periods = certificates.map(periodOf)
  if (periods.every(({ until }) => until < now)) throw new Error('holds no certificate that has not expired')
  if (periods.every(({ from, until }) => from > now || until < now)) {
    throw new Error('holds no certificate that is valid yet: is the clock right?')
  }
  return { certificates }
}

/** From when until when a certificate is valid, in milliseconds of the epoch. */
function periodOf(pem: string): { from: number; until: number } {
  try {
    const { validFrom, validTo } = new X509Certificate(pem)
    return { from: Date.parse(validFrom), until: Date.parse(validTo) }
  } catch {
    throw new Error('holds a certificate that is damaged')
  }
}
