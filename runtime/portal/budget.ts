import { setMaxListeners } from 'node:events'
import PQueue from 'p-queue'

/** What the portal may be asked: so many requests a second, in even turns, and so many at once. */
export type Budget = {
  /** Does the work when it is its turn, 1 before 2; undefined where the signal aborts before. */
  run<T>(work: () => Promise<T>, priority: number, signal: AbortSignal): Promise<T | undefined>
}

/** Turns a second at most: each waits for a timer, and a timer of a few milliseconds is late by a large part of them. */
const turnsPerSecond = 25

/** Makes a budget for one process. */
export function createBudget(limits: { requestsPerSecond: number; concurrency: number }): Budget {
  // strict: no stretch of time as long as the interval holds more, wherever it begins.
  const queue = new PQueue({ concurrency: limits.concurrency, ...turnsOf(limits.requestsPerSecond), strict: true })
  return {
    run: async (work, priority, signal) => {
      // As many callers as there are mentors may wait on one signal: no leak, so no warning of one.
      setMaxListeners(0, signal)
      let begun: ReturnType<typeof work> | undefined
      const begin = () => {
        begun = work()
        return begun
      }
      try {
        return await queue.add(begin, { priority: -priority, signal })
      } catch (error) {
        // What has begun ends by itself, and knows what came of it.
        if (begun) return await begun
        if (signal.aborted) return undefined
        throw error
      }
    },
  }
}

/** Requests by turns: one each where the rate is low. A whole number of turns to the second, so that none holds one too many. */
function turnsOf(rate: number): { intervalCap: number; interval: number } {
  const intervalCap = Math.max(1, Math.ceil(rate / turnsPerSecond))
  return { intervalCap, interval: 1_000 / (intervalCap === 1 ? rate : Math.floor(rate / intervalCap)) }
}
