/** Which clients have been told to wait, so that the journal can say who did not. */
export type Gates = {
  /** An answer of 429 or 503 with a Retry-After has left. */
  close(client: string, retryAfter: string, now: number): void
  /** Real milliseconds since the client was told to wait, while it should. */
  check(client: string, now: number): number | undefined
}

type Gate = { real: number; virtual: number; milliseconds: number }

/** Whoever has waited by either clock has waited: a test leaps with the virtual one and does not sit out the real one. */
export function createGates(): Gates {
  const gates = new Map<string, Gate>()
  return {
    close: (client, retryAfter, now) => {
      const milliseconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - now
      if (milliseconds > 0) gates.set(client, { real: performance.now(), virtual: now, milliseconds })
    },
    check: (client, now) => {
      const gate = gates.get(client)
      if (!gate) return undefined
      const passed = performance.now() - gate.real
      return Math.max(passed, now - gate.virtual) < gate.milliseconds ? Math.round(passed) : undefined
    },
  }
}
