import { STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Of Bull Board's one style in its page, the colours of a logo: the policy names what it lets in, here by content. */
const logoStyle = "'sha256-r2N1TB/gHbBtBZFKg7ejmq1acVSREzucTAEw6ga4hoU='"

/** Sent with every answer: the pages take nothing from elsewhere, and nobody else may show or read them. */
export const protectiveHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'self'",
    `style-src 'self' ${logoStyle}`,
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
}

/** Seconds after which a page asks again that could not be shown. */
const again = 5

const words: Record<number, string> = {
  403: 'This page does not let you in.',
  404: 'There is no such page.',
  405: 'This page only shows what there is: changes are switched off here.',
  421: 'This server is known by another name. Use the address that it printed when it started.',
  500: 'Something went wrong here; the log says more.',
  503: `The queue does not answer. This page asks again every ${again} seconds.`,
}

/** Answers with a status in plain words, as a page or as JSON; never with the text of an error. */
export function answerWith(status: number, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const text = words[status] ?? `${STATUS_CODES[status] ?? 'Error'}.`
  reply.code(status)
  if (status === 503) reply.header('retry-after', again)
  if (status === 405) reply.header('allow', 'GET, HEAD')
  if (!request.headers.accept?.includes('text/html')) return reply.send({ error: text })
  const refresh = status === 503 ? `<meta http-equiv="refresh" content="${again}">` : ''
  return reply
    .type('text/html; charset=utf-8')
    .send(`<!doctype html><html lang="en"><title>mentor-expiry</title>${refresh}<p>${text}</p></html>\n`)
}
