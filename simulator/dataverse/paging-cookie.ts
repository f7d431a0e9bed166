import { percentDecode } from '../wire/percent.ts'
import { Refused } from './errors.ts'
import type { Place } from './query.ts'

/** Where the next page begins. */
export type Cookie = { page: number; after: Place }

/**
 * A `$skiptoken` as the service writes it: XML with a cookie that is percent-encoded a second time. Whoever decodes and
 * encodes it again changes it, and `readCookie` refuses it.
 */
export function writeCookie({ page, after }: Cookie): string {
  const inner = encodeURIComponent(`<cookie page="${page - 1}" last="${encodeURIComponent(JSON.stringify(after))}" />`)
  return encode(`<cookie pagenumber="${page}" pagingcookie="${inner}" istracking="False" />`)
}

export function readCookie(token: string): Cookie {
  const outer = percentDecode(token) ?? ''
  const [, page = '', inner = ''] = /^<cookie pagenumber="(\d+)" pagingcookie="([^"]+)"/.exec(outer) ?? []
  const last = /last="([^"]+)"/.exec(percentDecode(inner) ?? '')?.[1] ?? ''
  const after = parsePlace(percentDecode(last) ?? '')
  if (after) {
    const cookie = { page: Number(page), after }
    if (writeCookie(cookie) === token) return cookie
  }
  throw new Refused('bad_url', { detail: 'Malformed XML in the Paging Cookie' })
}

/** Like the service, only what must be encoded: equal signs and slashes stay. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll('%3D', '=').replaceAll('%2F', '/')
}

function parsePlace(text: string): Place | undefined {
  try {
    const place: Place = JSON.parse(text)
    return Array.isArray(place.values) && typeof place.order === 'number' ? place : undefined
  } catch {
    return undefined
  }
}
