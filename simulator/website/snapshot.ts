import type { Row } from '../dataverse/table.ts'

/** How long a change stays unseen: the worst that is promised, a random share of it, or so many seconds. */
export type Delay = 'worst' | 'random' | number

/** The rows as a cache shows them: each change is seen some time after it was made, and never before an older one. */
export type Snapshot = {
  /** A row is new, other or gone; `lag` is its delay in milliseconds. */
  record(id: string, row: Row | undefined, at: number, lag: number): void
  /** A row is seen at once, and what else is recorded is not. */
  reveal(row: Row): void
  /** What has been recorded is seen at once. */
  clear(): void
  rows(now: number): Iterable<Row>
}

export function createSnapshot(): Snapshot {
  const shown = new Map<string, Row>()
  const pending: { from: number; id: string; row: Row | undefined }[] = []

  const show = (until: number) => {
    // What is not due yet holds up what came after it.
    const first = pending.findIndex(({ from }) => from > until)
    const due = first < 0 ? pending.splice(0) : pending.splice(0, first)
    for (const { id, row } of due) {
      if (row) shown.set(id, row)
      else shown.delete(id)
    }
  }

  return {
    record: (id, row, at, lag) => {
      show(at) // so that nobody who never looks lets it grow
      pending.push({ from: at + lag, id, row })
    },
    reveal: (row) => void shown.set(row.id, row),
    clear: () => show(Number.POSITIVE_INFINITY),
    rows: (now) => {
      show(now)
      return shown.values()
    },
  }
}

/** Milliseconds that one change stays unseen. */
export function lagOf(delay: Delay, worst: number, fraction: () => number): number {
  if (delay === 'worst') return worst
  return delay === 'random' ? Math.floor(worst * fraction()) : delay * 1_000
}
