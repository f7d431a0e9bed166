/** The bound of a ratio: what it must keep and what is aimed at; `beside` binds nothing and is there to be compared. */
export type Bound = { kind: 'at most' | 'at least'; floor: number; aim: number } | { kind: 'beside' }

/** One measured row: `figure` against `reference`, the baseline's, both in the same unit. */
export type Measured = {
  work: string
  baseline: string
  unit: 's' | 'ms' | 'MB' | 'rows/s'
  figure: number
  reference: number
  bound: Bound
  /** What limits the figure, as far as a profile has shown. */
  limit: string
}

/** How large each measurement is, and how many rounds it has. */
export type Sizes = {
  mentors: number
  due: number
  newlyDue: number
  /** Mentors whose certification ran out yesterday. */
  lapsing: number
  bulk: number
  rows: number
  changes: number
  lines: number
  memoryRows: number
  /** The concurrencies of which the best is measured. */
  concurrencies: number[]
  rounds: number
}

/** Seconds that the work takes. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1_000
}

/** The value at this share (0 to 1) of the sorted values; NaN where there are none. */
export function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** The middle one of the values; NaN where there are none. */
export function median(values: number[]): number {
  return quantile(values, 0.5)
}

/**
 * Takes so many rounds, each of which measures every one of the works in turn, so that noise meets them all alike. Works
 * that are absent are left out.
 */
export async function alternate<Name extends string>(
  rounds: number,
  works: { [name in Name]?: () => Promise<number> },
): Promise<Rounds<Name>> {
  const measured = new Map<string, number[]>()
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, work] of Object.entries<(() => Promise<number>) | undefined>(works)) {
      if (work) measured.set(name, [...(measured.get(name) ?? []), await work()])
    }
  }
  return { middle: (name) => median(measured.get(name) ?? []) }
}

/** What `alternate` has measured: the middle of the rounds of each work. */
export type Rounds<Name> = { middle(name: Name): number }

/** The concurrency with the best rate, each tried once; where there is no choice, none is tried. */
export async function bestOf(
  concurrencies: number[],
  measure: (concurrency: number) => Promise<number>,
): Promise<number> {
  const [only] = concurrencies
  if (only !== undefined && concurrencies.length === 1) return only
  let best = { rate: 0, concurrency: 0 }
  for (const concurrency of concurrencies) {
    const rate = await measure(concurrency)
    if (rate > best.rate) best = { rate, concurrency }
  }
  return best.concurrency
}

/** Throws unless the work that was timed was done: a measurement of nothing is worse than none. */
export function expectCount(what: string, found: number, expected: number): void {
  if (found !== expected) throw new Error(`${what}: ${found} instead of ${expected}`)
}

/** A whole number as people read it. */
export function count(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 0 })
}
