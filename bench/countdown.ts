/** Milliseconds without any progress after which work counts as hung. */
const patience = 60_000

/** Counts up to a target. `reached` resolves with the time (performance.now) and rejects after a minute without progress. */
export type Countdown = { add(more: number): void; reached: Promise<number> }

/** Starts to count; `what` names it in the error. */
export function countTo(target: number, what: string): Countdown {
  const { promise, resolve, reject } = withResolvers<number>()
  let counted = 0
  const timer = setTimeout(
    () => reject(new Error(`${what}: no progress for a minute after ${counted} of ${target}`)),
    patience,
  )
  promise.catch(() => undefined) // whoever waits is told; who has given up need not be
  return {
    add(more) {
      counted += more
      if (counted < target) return void timer.refresh()
      clearTimeout(timer)
      resolve(performance.now())
    },
    reached: promise,
  }
}

/** A promise and what settles it. */
export function withResolvers<T>(): {
  promise: Promise<T>
  resolve: (value: T) => void
  reject: (error: unknown) => void
} {
  let resolve: (value: T) => void = () => undefined
  let reject: (error: unknown) => void = () => undefined
  const promise = new Promise<T>((good, bad) => {
    resolve = good
    reject = bad
  })
  return { promise, resolve, reject }
}
