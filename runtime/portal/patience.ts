/** How long the portal must not be asked: what it says to one request holds for all of this process. */
export type Patience = {
  /** Seconds, 0 where it may be asked. */
  left(): number
  /** Not for so many seconds from now; without a number for longer each time, until it has answered. */
  ask(seconds: number | undefined): void
  answered(): void
}

/** Seconds that a pause grows to where the portal does not say how long. */
const longest = 300

export function createPatience(): Patience {
  let until = 0
  let unsaid = 0
  return {
    left: () => Math.max(0, until - performance.now()) / 1_000,
    ask(seconds) {
      if (seconds === undefined) unsaid += 1
      const pause = seconds ?? Math.min(longest, 2 ** unsaid)
      until = Math.max(until, performance.now() + pause * 1_000)
    },
    answered() {
      unsaid = 0
    },
  }
}
