import { summarise } from './errors.ts'

/** What has been said of failures that go on, so that one that lasts is no flood and one with another cause is not hidden. */
export type Said = {
  /** Whether a failure of this thing with this code has not been said since the thing last worked; it counts as said then. */
  isNew(thing: string, error: unknown): boolean
  /** The thing works, and its next failure is a new one. Whether a failure had been said. */
  forget(thing: string): boolean
}

/** Begins with nothing said. Codes that alternate while a failure lasts are said once each. */
export function openSaid(): Said {
  const codes = new Map<string, Set<string>>()
  return {
    isNew(thing, error) {
      const said = codes.get(thing) ?? new Set()
      codes.set(thing, said)
      const { code } = summarise(error)
      const isNew = !said.has(code)
      said.add(code)
      return isNew
    },
    forget: (thing) => codes.delete(thing),
  }
}

/** Says what a service waits for: at a new reason, and at a new code of the same one. It may be told as often as one asks. */
export function sayWaiting(say: (reason: string, error?: unknown) => void): (reason: string, error?: unknown) => void {
  const said = openSaid()
  let last: string | undefined
  return (reason, error) => {
    if (last !== undefined && reason !== last) said.forget(last)
    last = reason
    if (said.isNew(reason, error)) say(reason, error)
  }
}
