/**
 * Where in a session a fault strikes, in this order: before the greeting, at AUTH, MAIL FROM, RCPT TO and DATA, at the
 * first bytes of the message, and after its final dot, before the reply.
 */
export type Stage = 'greeting' | 'auth' | 'sender' | 'recipient' | 'data' | 'content' | 'end'

/** What happens there: a reply of one's own (421 also closes), the connection cut, silence for ever, or delay. */
export type Action = { reply: number; text?: string } | { delayMs: number } | 'cut' | 'hang'

export type Fault = (
  | { at: Exclude<Stage, 'content'>; act: Action }
  // A server cannot answer in the middle of a message.
  | { at: 'content'; act: 'cut' | 'hang' }
) & {
  /** Only for this address: at `recipient` its own RCPT TO, from `data` on a message that goes to it. */
  recipient?: string
  /** Strikes only so often, at `recipient` for each address (greylisting); without it always. */
  times?: number
}

/** A fault in force: how often it has struck, and its end. */
export type ScriptedFault = { readonly hits: number; lift(): void }

export type FaultBook = {
  script(fault: Fault): ScriptedFault
  /** The actions that strike now, in the order in which they were scripted; each counts as a hit. */
  strike(at: Stage, recipients: readonly string[]): Action[]
}

/** An empty book of faults. */
export function createFaultBook(): FaultBook {
  const entries = new Set<{ fault: Fault; hits: Map<string, number> }>()
  return {
    script: (fault) => {
      const entry = { fault, hits: new Map<string, number>() }
      entries.add(entry)
      return {
        get hits() {
          return [...entry.hits.values()].reduce((sum, hits) => sum + hits, 0)
        },
        lift: () => {
          entries.delete(entry)
        },
      }
    },

    strike: (at, recipients) =>
      [...entries].flatMap(({ fault, hits }) => {
        const { recipient, times = Number.POSITIVE_INFINITY } = fault
        if (fault.at !== at || (recipient !== undefined && !recipients.includes(recipient.toLowerCase()))) return []
        const key = at === 'recipient' ? (recipients[0] ?? '') : ''
        const before = hits.get(key) ?? 0
        if (before >= times) return []
        hits.set(key, before + 1)
        return [fault.act]
      }),
  }
}
