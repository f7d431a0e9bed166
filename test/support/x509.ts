import { type KeyObject, sign } from 'node:crypto'
import { isIP } from 'node:net'

/** What a certificate says; times in milliseconds of the epoch. `hosts` are names and IPv4 addresses. */
export type CertificateContent = {
  subject: string
  issuer: string
  publicKey: KeyObject
  serial: number
  from: number
  until: number
  hosts?: readonly string[]
  isAuthority?: boolean
}

const ecdsaWithSha256 = sequence(hex('06082a8648ce3d040302'))

/** An X.509 certificate in PEM, signed by an EC key of the curve prime256v1. */
export function encodeCertificate(content: CertificateContent, signingKey: KeyObject): string {
  const signed = sequence(
    tlv(0xa0, hex('020102')),
    tlv(0x02, Buffer.from([0x01, (content.serial >> 8) & 0xff, content.serial & 0xff])),
    ecdsaWithSha256,
    nameOf(content.issuer),
    sequence(time(content.from), time(content.until)),
    nameOf(content.subject),
    content.publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensionsOf(content))),
  )
  const signature = tlv(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', signed, signingKey)]))
  const der = sequence(signed, ecdsaWithSha256, signature)
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`
}

function extensionsOf({ hosts = [], isAuthority = false }: CertificateContent): Buffer[] {
  const names = hosts.map((host) =>
    isIP(host) === 4 ? tlv(0x87, Buffer.from(host.split('.').map(Number))) : tlv(0x82, Buffer.from(host)),
  )
  const subjectAlternativeName = sequence(hex('0603551d11'), tlv(0x04, sequence(...names)))
  const basicConstraints = sequence(hex('0603551d13'), hex('0101ff'), tlv(0x04, sequence(hex('0101ff'))))
  return [...(names.length > 0 ? [subjectAlternativeName] : []), ...(isAuthority ? [basicConstraints] : [])]
}

function nameOf(commonName: string): Buffer {
  return sequence(tlv(0x31, sequence(hex('0603550403'), tlv(0x0c, Buffer.from(commonName)))))
}

/** One DER element: tag, length, value. */
function tlv(tag: number, value: Buffer): Buffer {
  const { length } = value
  const short = [length]
  const long = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...(length < 0x80 ? short : long)]), value])
}

function sequence(...parts: Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts))
}

function hex(digits: string): Buffer {
  return Buffer.from(digits, 'hex')
}

/** UTCTime, e.g. 280229120000Z. */
function time(ms: number): Buffer {
  return tlv(0x17, Buffer.from(`${new Date(ms).toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`))
}
