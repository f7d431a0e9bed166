import type { Random } from '../random.ts'
import type { Request, Route } from '../wire/message.ts'
import type { Fault } from './fault.ts'

/** The faults that are to come, in the order in which they were scripted; the first that fits a request hits it. */
export type Script = {
  add(fault: Fault): number
  /** Takes one fault away, or all. */
  lift(id?: number): void
  take(request: Request, route: Route): Fault | undefined
  hits(id: number): number
}

type Entry = { id: number; fault: Fault; passed: number; hits: number }

export function createScript(random: Random): Script {
  let entries: Entry[] = []
  const hits = new Map<number, number>()
  let last = 0
  return {
    add: (fault) => {
      last += 1
      entries.push({ id: last, fault, passed: 0, hits: 0 })
      hits.set(last, 0)
      return last
    },
    lift: (id) => {
      entries = id === undefined ? [] : entries.filter((entry) => entry.id !== id)
    },
    take: (request, route) => {
      const entry = entries.find((each) => fits(each, request, route) && isDue(each, random))
      if (!entry) return undefined
      entry.hits += 1
      hits.set(entry.id, entry.hits)
      if (entry.hits === entry.fault.times) entries = entries.filter((each) => each !== entry)
      return entry.fault
    },
    hits: (id) => hits.get(id) ?? 0,
  }
}

function fits({ fault }: Entry, request: Request, route: Route): boolean {
  if (fault.route !== undefined && fault.route !== route) return false
  if (fault.method !== undefined && fault.method !== request.method) return false
  if (fault.contains !== undefined && !`${request.path}?${request.query}`.includes(fault.contains)) return false
  if (fault.from !== undefined && request.now < Date.parse(fault.from)) return false
  return fault.until === undefined || request.now < Date.parse(fault.until)
}

function isDue(entry: Entry, random: Random): boolean {
  if (entry.passed < entry.fault.after) {
    entry.passed += 1
    return false
  }
  return entry.fault.probability === 1 || random.fraction() < entry.fault.probability
}
