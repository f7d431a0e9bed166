/** Randomness that a seed repeats: the same seed and the same order of requests give the same answers. */
export type Random = {
  /** From 0 to below 1. */
  fraction(): number
  /** A whole number of both bounds or between them. */
  integer(from: number, to: number): number
  guid(): string
  /** Lower-case hexadecimal digits. */
  hex(digits: number): string
}

/** Three that do not disturb one another. */
export function seededStreams(seed: number): [Random, Random, Random] {
  return [seededRandom(seed * 3), seededRandom(seed * 3 + 1), seededRandom(seed * 3 + 2)]
}

/** Mulberry32: 32 bits of state are plenty for a simulation, and nothing here guards a secret. */
function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const fraction = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => Math.floor(fraction() * 16).toString(16)).join('')
  return {
    fraction,
    hex,
    integer: (from, to) => from + Math.floor(fraction() * (to - from + 1)),
    guid: () => [hex(8), hex(4), `4${hex(3)}`, `8${hex(3)}`, hex(12)].join('-'),
  }
}
