/** One measured row: `figure` against `baseline`, both in seconds or both in rows a second. */
export type Measured = {
  work: string
  baseline: string
  unit: 's' | 'rows/s'
  figure: number
  reference: number
  /** The floor of the ratio figure : reference, as a sentence. */
  floor: string
  limit: string
}

export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1_000
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
