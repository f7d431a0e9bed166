import type { AnswerHeaders } from './exchange.ts'

/**
 * Seconds that a server asks to wait, however long; undefined where it does not say. A date counts from the server's own
 * `Date`, because the clocks may differ.
 */
export function retryAfterOf(headers: AnswerHeaders): number | undefined {
  const text = headers.get('retry-after')
  if (text === null) return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text)
  const now = Date.parse(headers.get('date') ?? '')
  const seconds = Math.ceil((Date.parse(text) - (Number.isNaN(now) ? Date.now() : now)) / 1_000)
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds)
}
