import { setTimeout as after } from 'node:timers/promises'

/** Resolves after so many milliseconds, or at once when the signal aborts; never rejects. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await after(milliseconds, undefined, { signal, ref: true }).catch(() => undefined)
}

/** Resolves with the work, or without it when it takes longer than so many milliseconds; rejects where the work does first. */
export async function atMost(milliseconds: number, work: Promise<unknown> | undefined): Promise<void> {
  const enough = new AbortController()
  await Promise.race([work, pause(milliseconds, enough.signal)]).finally(() => enough.abort())
}

/** Pauses that double from `base` to `cap` milliseconds, with jitter, until `reset`. */
export function growingPause(options: { base: number; cap: number }): { next(): number; reset(): void } {
  let failures = 0
  return {
    next() {
      const pause = Math.min(options.cap, options.base * 2 ** Math.min(failures, 20))
      failures += 1
      return pause * (0.75 + Math.random() / 2)
    },
    reset() {
      failures = 0
    },
  }
}

/** Resolves when the signal aborts, at once where it has. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
