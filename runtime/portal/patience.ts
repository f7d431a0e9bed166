import type { Answer, Failure } from './answer.ts'

/** How long the portal must not be asked: what it says to one request holds for all of this process. */
export type Patience = {
  /** Seconds, 0 where it may be asked. */
  left(): number
  /** Not for so many seconds from now; without a number, or for none, for longer each time, until it has answered. */
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
      const isSaid = seconds !== undefined && seconds > 0
      if (!isSaid) unsaid += 1
      const pause = isSaid ? seconds : Math.min(longest, 2 ** unsaid)
      until = Math.max(until, performance.now() + pause * 1_000)
    },
    answered() {
      unsaid = 0
    },
  }
}

/** The answer, with what it says of patience put down for all other requests. */
export function heeded<A extends Answer>(answer: A, patience: Patience): A {
  if (answer.kind === 'throttled') patience.ask(answer.retryAfter)
  else if (answer.kind === 'failed' && answer.retryAfter !== undefined) patience.ask(answer.retryAfter)
  else if (answer.kind === 'ok') patience.answered()
  return answer
}

/** What a request comes to that is not made because the portal has asked for patience. */
export function notAsked(patience: Patience): Failure {
  return { kind: 'throttled', code: 'patience', retryAfter: patience.left(), requestId: undefined }
}
