import { openSaid } from '../../runtime/said.ts'
import type { Observe } from './events.ts'

/** Carries out one step of a sweep and never rejects: it is tried at the next sweep again. */
export type Attempt = (step: string, work: () => Promise<void>) => Promise<void>

/** Attempts of one sweep. A step that fails is told once for each code, until it has succeeded again. */
export function openAttempts(observe: Observe, about: { route?: string } = {}): Attempt {
  const said = openSaid()
  return async (step, work) => {
    try {
      await work()
      said.forget(step)
    } catch (error) {
      if (said.isNew(step, error)) observe({ kind: 'sweep_failed', ...about, step, error })
    }
  }
}
