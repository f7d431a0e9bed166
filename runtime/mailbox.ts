/** A sender or recipient: `name` may be empty, `address` is one plain address. */
export type Mailbox = { readonly name: string; readonly address: string }

const longestAddress = 254
// Quoted local parts, comments, routes and lists are refused: a mail library may read such text as several recipients.
const plainAddress = /^[^\s@<>()[\]\\,;:"\p{Cc}]+@[^\s@<>()[\]\\,;:"\p{Cc}]+$/u

/** Whether the text is exactly one e-mail address and nothing that could be read as more than one. */
export function isMailAddress(text: string): boolean {
  return text.length <= longestAddress && plainAddress.test(text)
}

/**
 * Reads `address` or `Name <address>`, as MAIL_FROM is written.
 * Throws an error that does not repeat the text when it is not exactly one mailbox.
 */
export function parseMailbox(text: string): Mailbox {
  const parts = /^(?:"?([^"<>]*?)"?\s*<([^<>]+)>|([^<>]+))$/.exec(text.trim())
  const address = parts?.[2] ?? parts?.[3] ?? ''
  if (!isMailAddress(address)) throw new Error('expected one e-mail address, with or without a name before it')
  return { name: plainLine(parts?.[1] ?? ''), address }
}

/**
 * The text as one harmless line of at most `limit` characters: line breaks, control characters and those that turn the
 * writing direction become blanks, so that a name can't add a header, forge a line of the message or reverse what follows.
 */
export function plainLine(text: string, limit = 150): string {
  const line = text
    .replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\s]+/gu, ' ')
    .replace(/\p{Cs}/gu, '\ufffd')
    .trim()
  const characters = Array.from(line)
  return characters.length <= limit ? line : `${characters.slice(0, limit - 1).join('')}…`
}
