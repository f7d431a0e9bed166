import { setMaxListeners } from 'node:events'

/** An abort signal that also fires by itself; `cause` tells which of the two it was, undefined while neither was. */
export type Deadline = {
  readonly signal: AbortSignal
  cause(): 'timeout' | 'aborted' | undefined
  [Symbol.dispose](): void
}

/**
 * Starts a deadline of `milliseconds` that an abort of `outer` cuts short.
 * AbortSignal.any would do, but it keeps something of each call on a signal that lives as long as the process.
 */
export function startDeadline(milliseconds: number, outer: AbortSignal): Deadline {
  const controller = new AbortController()
  let cause: 'timeout' | 'aborted' | undefined
  const fire = (why: 'timeout' | 'aborted') => {
    cause ??= why
    controller.abort()
  }
  const onAbort = () => fire('aborted')
  // As many deliveries as there are connections wait on one signal: no leak, so no warning of one.
  setMaxListeners(0, outer)
  const timer = setTimeout(() => fire('timeout'), milliseconds)
  outer.addEventListener('abort', onAbort, { once: true })
  if (outer.aborted) onAbort()
  return {
    signal: controller.signal,
    cause: () => cause,
    [Symbol.dispose]: () => {
      clearTimeout(timer)
      outer.removeEventListener('abort', onAbort)
    },
  }
}
