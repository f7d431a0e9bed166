import type { Answer } from '../wire/message.ts'
import { dataverseError } from './errors.ts'

/** Service protection: what one user may ask of one server. */
export type LimitSettings = {
  /** Requests in a window. */
  requests: number
  /** Milliseconds of execution in a window. */
  executionTime: number
  /** Requests at once. */
  concurrent: number
  /** Seconds of the first Retry-After; each call during a block doubles it. */
  firstPause: number
}

export const defaultLimits: LimitSettings = { requests: 6_000, executionTime: 1_200_000, concurrent: 52, firstPause: 5 }

/** The sliding window, milliseconds. */
const span = 300_000
/** Seconds of Retry-After at most: after a whole window nothing counts any more. */
const longestPause = span / 1_000

type Usage = {
  taken: { at: number; cost: number }[]
  first: number
  cost: number
  open: number
  blockedUntil: number
  pauses: number
  why: Facet
}
type Facet = 'request_limit' | 'time_limit'

export type Limits = {
  /** Counts a request in, or says why not. `key` stands for a user at a server. */
  enter(key: string, now: number): Entry | { refusal: Answer }
  /** What is left of a window, for the headers. */
  remaining(key: string): { requests: number; milliseconds: number }
}

/** One request that was let in; `leave` says what its execution took. */
type Entry = { leave(milliseconds: number): void }

export function createLimits(settings: LimitSettings): Limits {
  const usages = new Map<string, Usage>()
  const usageOf = (key: string): Usage => {
    const known = usages.get(key)
    if (known) return known
    const fresh: Usage = { taken: [], first: 0, cost: 0, open: 0, blockedUntil: 0, pauses: 0, why: 'request_limit' }
    usages.set(key, fresh)
    return fresh
  }

  const block = (usage: Usage, why: Facet, now: number) => {
    const seconds = Math.min(longestPause, settings.firstPause * 2 ** usage.pauses)
    usage.pauses += 1
    usage.why = why
    usage.blockedUntil = now + seconds * 1_000
    return { refusal: refuse(why, seconds, settings) }
  }

  return {
    enter: (key, now) => {
      const usage = usageOf(key)
      forget(usage, now - span)
      if (now < usage.blockedUntil) return block(usage, usage.why, now)
      const count = usage.taken.length - usage.first
      if (count >= settings.requests) return block(usage, 'request_limit', now)
      if (usage.cost >= settings.executionTime) return block(usage, 'time_limit', now)
      usage.pauses = 0
      if (usage.open >= settings.concurrent) {
        return { refusal: refuse('concurrency_limit', settings.firstPause, settings) }
      }
      usage.open += 1
      const taken = { at: now, cost: 0 }
      usage.taken.push(taken)
      return {
        leave: (milliseconds) => {
          usage.open -= 1
          taken.cost = milliseconds
          usage.cost += milliseconds
        },
      }
    },
    remaining: (key) => {
      const { taken, first, cost } = usageOf(key)
      return {
        requests: Math.max(0, settings.requests - (taken.length - first)),
        milliseconds: Math.max(0, settings.executionTime - cost),
      }
    },
  }
}

/** Lets go of what has left the window. */
function forget(usage: Usage, before: number): void {
  for (let oldest = usage.taken[usage.first]; oldest && oldest.at <= before; oldest = usage.taken[usage.first]) {
    usage.cost -= oldest.cost
    oldest.cost = 0
    usage.first += 1
  }
  if (usage.first > 1_000 && usage.first * 2 > usage.taken.length) {
    usage.taken = usage.taken.slice(usage.first)
    usage.first = 0
  }
}

function refuse(why: Facet | 'concurrency_limit', seconds: number, settings: LimitSettings): Answer {
  const limit = {
    request_limit: String(settings.requests),
    time_limit: settings.executionTime.toLocaleString('en-US'),
    concurrency_limit: String(settings.concurrent),
  }[why]
  return dataverseError(why, { limit }, { 'retry-after': String(seconds) })
}
