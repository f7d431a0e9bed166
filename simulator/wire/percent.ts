/** Percent-decodes one part of an address; undefined where it is malformed. */
export function percentDecode(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}
