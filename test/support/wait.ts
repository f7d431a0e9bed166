import { setTimeout as sleep } from 'node:timers/promises'

type Outcome<T> = T | undefined | null | false

/**
 * Asks again and again until the condition gives something other than `undefined`, `null` or `false`, and returns that.
 * `deadlineMs` covers everything, a condition that never answers included. An error of the condition ends the wait.
 * @throws Error that names `what` when the deadline has passed.
 */
export async function waitFor<T>(
  what: string,
  condition: () => Outcome<T> | Promise<Outcome<T>>,
  { deadlineMs = 10_000, intervalMs = 20 }: { deadlineMs?: number; intervalMs?: number } = {},
): Promise<T> {
  const deadline = new AbortController()
  const late = sleep(deadlineMs, undefined, { signal: deadline.signal }).then(() => {
    throw new Error(`waited ${deadlineMs} ms in vain for ${what}`)
  })
  // The race below reports this promise; without a handler of its own its abort would count as unhandled.
  late.catch(() => undefined)
  try {
    const end = performance.now() + deadlineMs
    for (;;) {
      // The deadline stands first: the race goes to the first that is settled already.
      const outcome = await Promise.race([late, condition()])
      if (outcome !== undefined && outcome !== null && outcome !== false) return outcome
      await sleep(Math.max(0, Math.min(intervalMs, end - performance.now())))
    }
  } finally {
    deadline.abort()
  }
}
