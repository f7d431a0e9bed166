import type { Readiness } from './server.ts'

/** The reasons why a service can't work now, kept by what it reports. */
export type Reasons = { add(reason: string): void; clear(prefix: string): void; readiness: Readiness }

/** Begins with these reasons. `clear` takes away every reason that begins with the prefix. */
export function keepReasons(initial: readonly string[]): Reasons {
  const reasons = new Set(initial)
  return {
    add: (reason) => void reasons.add(reason),
    clear: (prefix) => {
      for (const reason of reasons) if (reason.startsWith(prefix)) reasons.delete(reason)
    },
    readiness: () => [...reasons],
  }
}
