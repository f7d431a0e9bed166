import type { Observe } from './events.ts'

/** Carries out one step of a sweep and never rejects: it is tried at the next sweep again. */
export type Attempt = (step: string, work: () => Promise<void>) => Promise<void>

/** Attempts of one sweep. A step that fails is told once, until it has succeeded again. */
export function openAttempts(observe: Observe, about: { route?: string } = {}): Attempt {
  const failing = new Set<string>()
  return async (step, work) => {
    try {
      await work()
      failing.delete(step)
    } catch (error) {
      if (!failing.has(step)) observe({ kind: 'sweep_failed', ...about, step, error })
      failing.add(step)
    }
  }
}
