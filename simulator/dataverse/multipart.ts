import type { Request } from '../wire/message.ts'
import { Refused } from './errors.ts'

/** One part of a multipart body. */
export type Part = { headers: Record<string, string>; content: string }

export function boundaryOf(contentType: string | undefined): string | undefined {
  return /^multipart\/mixed\s*;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i
    .exec(contentType ?? '')
    ?.slice(1)
    .find(Boolean)
}

/** The parts of a multipart body; throws the refusal where it is malformed, line ends included. */
export function readParts(body: string, boundary: string): Part[] {
  const pieces = `\r\n${body}`.split(`\r\n--${boundary}`)
  if (pieces.length < 3 || !pieces.at(-1)?.startsWith('--')) throw malformed('The multipart body has no end.')
  return pieces.slice(1, -1).map((piece) => {
    const { headers, content } = readHeaders(piece.replace(/^[ \t]*\r\n/, ''))
    return { headers, content }
  })
}

/** The request within a part of type application/http. */
export function readHttp(part: Part, outer: Request): Request {
  if (!/^application\/http\b/i.test(part.headers['content-type'] ?? '')) throw malformed('A part is no HTTP request.')
  const [, line = '', rest = ''] = /^(.*?)\r\n(.*)$/s.exec(part.content) ?? []
  const [, method, address] = /^([A-Z]+) (\S+) HTTP\/1\.1$/.exec(line) ?? []
  if (method === undefined || address === undefined) throw malformed('The request line of a part is not valid.')
  const { headers, content } = readHeaders(rest)
  const url = resolve(address, outer)
  return { ...outer, ...url, method, headers, body: Buffer.from(content) }
}

function resolve(address: string, { origin, path }: Request): { path: string; query: string } {
  const own = address.startsWith(`${origin}/`) ? address.slice(origin.length) : address
  const absolute = own.startsWith('/') ? own : `${path.replace(/\$batch$/, '')}${own}`
  const [before = '', ...query] = absolute.split('?')
  return { path: before, query: query.join('?') }
}

function readHeaders(text: string): Part {
  const end = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n')
  if (end < 0) throw malformed('The headers of a part have no end.')
  const lines = text
    .slice(0, end)
    .split('\r\n')
    .filter((line) => line !== '')
  const headers = lines.map((line) => {
    const [, name, value] = /^([^:]+):\s*(.*)$/.exec(line) ?? []
    if (name === undefined || value === undefined) throw malformed('A header of a part is not valid.')
    return [name.toLowerCase(), value] as const
  })
  return { headers: Object.fromEntries(headers), content: text.slice(end === 0 ? 2 : end + 4) }
}

export function malformed(detail: string): Refused {
  return new Refused('bad_url', { detail })
}
