/** A doorbell that remembers one ring: rings while nobody waits are answered once, at the next wait. */
export type Wake = {
  ring(): void
  /** Resolves at the next ring, at once if there was one since the last, or when the signal aborts. */
  next(signal: AbortSignal): Promise<void>
}

/** Opens a doorbell that has been rung once. */
export function openWake(): Wake {
  let rung = true
  let answer: (() => void) | undefined
  return {
    ring() {
      rung = true
      answer?.()
    },
    async next(signal) {
      if (!rung && !signal.aborted) {
        await new Promise<void>((resolve) => {
          answer = resolve
          signal.addEventListener('abort', answer, { once: true })
        })
        if (answer) signal.removeEventListener('abort', answer)
      }
      answer = undefined
      rung = false
    },
  }
}
