/** What `organisations.mentor_url` may ask for, percent-encoded where it stands. */
export type LinkedMentor = { readonly id: string; readonly ref: string }

/**
 * The address of a mentor's page in the host application, made of the organisation's template with its placeholders
 * `{ref}` and `{id}`; ASCII throughout. Null where that yields no http or https address, another host than the
 * template's, or another page than the one that the value names (a ref of dots would climb in the path).
 */
export function expandMentorUrl(template: string, { id, ref }: LinkedMentor): string | null {
  const filled = (values: { id: string; ref: string }) =>
    template.replace(/\{(ref|id)\}/g, (_, name: 'ref' | 'id') => percentEncode(values[name]))
  const text = filled({ id, ref })
  const plain = filled({ id: 'x', ref: 'x' })
  if (!URL.canParse(text) || !URL.canParse(plain)) return null
  const url = new URL(text)
  const isSound = /^https?:$/.test(url.protocol) && url.origin === new URL(plain).origin
  const climbs = /[/\\](\.|%2e){1,2}([/\\]|$)/i.test(text.split(/[?#]/, 1)[0] ?? '')
  return isSound && !climbs && url.username === '' && url.password === '' ? url.href : null
}

/** Every byte but the letters, digits and marks that no part of an address and no mail program gives a meaning. */
function percentEncode(value: string): string {
  return [...new TextEncoder().encode(value)]
    .map((byte) => {
      const letter = String.fromCharCode(byte)
      return /[\w.~-]/.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}
