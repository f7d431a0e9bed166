import type { Failure } from '../../runtime/portal/answer.ts'

/** Tells refusals that are about one mentor from those that everybody meets. */
export type Refusals = {
  /** Whether this one is about this mentor alone: it stays while all looks well. */
  isTheirs(mentor: string, refusal: Failure): boolean
  /** Whether it is everybody's by its code, and no write was taken that would say otherwise. */
  isEverybodys(refusal: Failure): boolean
  /** The portal was looked at, and all was well. */
  looked(): void
  /** It has taken a write. */
  written(): void
}

/** The code of a role without a privilege: for all contacts alike, and looking at the portal does not show it. */
const withoutPrivilege = '0x80040220'

export function createRefusals(): Refusals {
  let looks = 0
  let writes = 0
  /** How many looks and writes had gone well when a mentor was first refused. */
  const firstRefused = new Map<string, { looks: number; writes: number }>()
  return {
    isTheirs(mentor, { kind, code }) {
      if (kind !== 'forbidden') return false
      const first = firstRefused.get(mentor)
      if (!first) firstRefused.set(mentor, { looks, writes })
      return first !== undefined && looks > first.looks && (code !== withoutPrivilege || writes > first.writes)
    },
    isEverybodys: ({ code }) => code === withoutPrivilege && writes === 0,
    looked() {
      looks += 1
    },
    written() {
      writes += 1
    },
  }
}
