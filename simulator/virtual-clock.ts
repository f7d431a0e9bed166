/** The simulator's only clock. It moves by itself at its pace, and leaps when it is told to. */
export type VirtualClock = Disposable & {
  /** Milliseconds of the epoch. */
  now(): number
  /** Leaps forward; what falls due on the way is done in order, each at its own instant. */
  advance(milliseconds: number): void
  /** Does something once the clock has come to an instant; an instant that has passed is now. */
  at(instant: number, action: () => void): void
}

export type ClockOptions = {
  /** Where it begins, milliseconds of the epoch. */
  start: number
  /** How many seconds pass in a real one: 0 stands still until told to leap, 1 is real time, 60 a minute a second. */
  pace: number
}

type Due = { instant: number; order: number; action: () => void }

/** Node's timers take no longer wait. */
const longestTimer = 2 ** 31 - 1

export function startClock({ start, pace }: ClockOptions): VirtualClock {
  let base = start
  const since = performance.now()
  let pending: Due[] = []
  let order = 0
  let timer: NodeJS.Timeout | undefined
  // While something is done at its instant, this is what the clock shows.
  let shown: number | undefined

  const now = () => shown ?? Math.floor(base + (performance.now() - since) * pace)

  const settle = () => {
    if (shown !== undefined) return // an action that advances the clock is within the loop below already
    for (let next = pending[0]; next && next.instant <= now(); next = pending[0]) {
      pending.shift()
      shown = next.instant
      try {
        next.action()
      } finally {
        shown = undefined
      }
    }
    arm()
  }

  const arm = () => {
    clearTimeout(timer)
    const next = pending[0]
    if (!next || pace === 0) return
    timer = setTimeout(settle, Math.min(longestTimer, Math.max(0, Math.ceil((next.instant - now()) / pace))))
    timer.unref()
  }

  return {
    now,
    advance: (milliseconds) => {
      if (!(milliseconds >= 0)) throw new RangeError('the clock only goes forward')
      base += milliseconds
      settle()
    },
    at: (instant, action) => {
      order += 1
      pending.push({ instant: Math.max(instant, now()), order, action })
      pending.sort((one, other) => one.instant - other.instant || one.order - other.order)
      arm()
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer)
      pending = []
    },
  }
}
