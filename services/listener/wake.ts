import type { Row } from './routes/route.ts'

/** A doorbell that remembers one ring: rings while nobody waits are answered once, at the next wait. */
export type Wake = {
  /** With the one row that has become pending, where it is known. */
  ring(row?: Row): void
  /**
   * Resolves at the next ring, at once if there was one since the last, or when the signal aborts; with the row of that ring
   * if somebody waited for it, so that nothing more urgent is known of.
   */
  next(signal: AbortSignal): Promise<Row | undefined>
}

/** Opens a doorbell that has been rung once. */
export function openWake(): Wake {
  let rung = true
  let answer: ((row?: Row) => void) | undefined
  return {
    ring(row) {
      if (answer) answer(row)
      else rung = true
    },
    async next(signal) {
      if (rung || signal.aborted) {
        rung = false
        return undefined
      }
      return new Promise((resolve) => {
        const aborted = () => answer?.()
        answer = (row) => {
          answer = undefined
          signal.removeEventListener('abort', aborted)
          resolve(row)
        }
        signal.addEventListener('abort', aborted, { once: true })
      })
    },
  }
}
