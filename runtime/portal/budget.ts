import { setMaxListeners } from 'node:events'
import PQueue from 'p-queue'

/** What the portal may be asked: so many requests a second, evenly, and so many at once. */
export type Budget = {
  /** Does the work when it is its turn, 1 before 2; undefined where the signal aborts before. */
  run<T>(work: () => Promise<T>, priority: number, signal: AbortSignal): Promise<T | undefined>
}

/** Makes a budget for one process. */
export function createBudget(limits: { requestsPerSecond: number; concurrency: number }): Budget {
  const queue = new PQueue({
    concurrency: limits.concurrency,
    intervalCap: 1,
    interval: 1_000 / limits.requestsPerSecond,
    strict: true,
  })
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
