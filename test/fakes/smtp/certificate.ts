import { generateKeyPairSync, sign } from 'node:crypto'

/** A key and its self-signed certificate, PEM; valid for `localhost` and 127.0.0.1, from yesterday for a year. */
export type Certificate = { key: string; cert: string }

const DAY_MS = 86_400_000

/** Makes a new certificate; a client trusts it by `ca: cert`. */
export function createCertificate(now = Date.now()): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const ecdsaWithSha256 = sequence(hex('06082a8648ce3d040302'))
  const name = sequence(set(sequence(hex('0603550403'), tlv(0x0c, Buffer.from('localhost')))))
  const alternativeNames = sequence(tlv(0x82, Buffer.from('localhost')), tlv(0x87, Buffer.from([127, 0, 0, 1])))
  const content = sequence(
    tlv(0xa0, hex('020102')),
    // The serial number: any positive one.
    hex('020101'),
    ecdsaWithSha256,
    name,
    sequence(time(now - DAY_MS), time(now + 365 * DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(sequence(hex('0603551d11'), tlv(0x04, alternativeNames)))),
  )
  const signature = tlv(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', content, privateKey)]))
  const der = sequence(content, ecdsaWithSha256, signature)
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  }
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

function set(part: Buffer): Buffer {
  return tlv(0x31, part)
}

function hex(digits: string): Buffer {
  return Buffer.from(digits, 'hex')
}

/** UTCTime, e.g. 280229120000Z. */
function time(ms: number): Buffer {
  return tlv(0x17, Buffer.from(`${new Date(ms).toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`))
}
