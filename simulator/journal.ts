import type { Change } from './dataverse/table.ts'
import type { Route } from './wire/message.ts'

/** One request and what became of it. Nothing here is a secret: neither headers of authorisation nor bodies are kept. */
export type Entry = {
  number: number
  /** By the virtual clock and by the real one, ISO. */
  at: string
  realAt: string
  route: Route
  method: string
  /** As it was sent. */
  address: string
  ifMatch?: string
  ifNoneMatch?: string
  prefer?: string
  application?: string
  server?: number
  /** What the client got to see; `cut` or `hung` where it saw no answer, `open` while it waits. */
  outcome: number | 'cut' | 'hung' | 'open'
  /** The kind of the fault that hit it. */
  fault?: string
  /** When it was carried out, virtual; absent where it never was. */
  carriedOutAt?: string
  changes: Change[]
  /** It came while the client had been told to wait: so many real milliseconds after that. */
  insideGate?: { milliseconds: number }
}

export type Journal = {
  open(entry: Omit<Entry, 'number' | 'realAt' | 'outcome' | 'changes'>): Entry
  entries(after?: number): Entry[]
}

/** A newcomer's simulator runs for weeks. */
const mostEntries = 200_000

export function createJournal(): Journal {
  let entries: Entry[] = []
  let last = 0
  return {
    open: (given) => {
      last += 1
      const entry: Entry = { number: last, ...given, realAt: new Date().toISOString(), outcome: 'open', changes: [] }
      entries.push(entry)
      if (entries.length > mostEntries) entries = entries.slice(mostEntries / 2)
      return entry
    },
    entries: (after = 0) => entries.filter(({ number }) => number > after),
  }
}
