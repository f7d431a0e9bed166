import { UsageError } from './usage.ts'

/** The one mentor that a command is about, as `organisation/mentor_ref`. */
export function parseMentor(positionals: string[]): { slug: string; ref: string } {
  const [text] = positionals
  const slash = text?.indexOf('/') ?? -1
  if (text === undefined || positionals.length > 1 || slash < 1 || slash === text.length - 1) {
    throw new UsageError('one mentor is expected, as organisation/mentor_ref')
  }
  return { slug: text.slice(0, slash), ref: text.slice(slash + 1) }
}
