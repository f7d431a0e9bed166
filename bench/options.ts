import { parseArgs } from 'node:util'
import type { Sizes } from './measure.ts'

const full: Sizes = {
  mentors: 1_000_000,
  due: 50_000,
  newlyDue: 1_000,
  lapsing: 5_000,
  bulk: 100_000,
  rows: 20_000,
  changes: 300,
  lines: 100_000,
  memoryRows: 1_000_000,
  concurrencies: [10, 50, 200, 400],
  rounds: 3,
}

const size = { type: 'string' } as const

/**
 * Reads `--mentors 1000000 … --rounds 3` and `--only night,import`. The results are kept when everything is measured in full
 * size, or with `--keep`. Throws where a name or a number is wrong.
 */
export function parseOptions<Work>(
  args: string[],
  works: Record<string, Work>,
): { sizes: Sizes; chosen: [string, Work][]; output: 'results' | 'none' } {
  const { values } = parseArgs({
    args,
    options: {
      mentors: size,
      due: size,
      'newly-due': size,
      lapsing: size,
      bulk: size,
      rows: size,
      changes: size,
      lines: size,
      'memory-rows': size,
      rounds: size,
      concurrencies: { type: 'string' },
      only: { type: 'string' },
      keep: { type: 'boolean', default: false },
    },
  })
  const { only, keep, concurrencies, 'newly-due': newlyDue, 'memory-rows': memoryRows, ...same } = values
  const given = Object.entries({ ...same, newlyDue, memoryRows }).filter(([, text]) => text !== undefined)
  const sizes: Sizes = {
    ...full,
    ...Object.fromEntries(given.map(([name, text]) => [name, wholeNumber(name, text)])),
    ...(concurrencies && { concurrencies: concurrencies.split(',').map((text) => wholeNumber('concurrencies', text)) }),
  }
  const names = only?.split(',') ?? Object.keys(works)
  const chosen = names.map((name): [string, Work] => {
    const work = works[name]
    if (work === undefined) throw new Error(`there is no measurement ${name}: ${Object.keys(works).join(', ')}`)
    return [name, work]
  })
  const isWhole = only === undefined && concurrencies === undefined && given.length === 0
  return { sizes, chosen, output: isWhole || keep ? 'results' : 'none' }
}

function wholeNumber(name: string, text: string | undefined): number {
  if (text === undefined || !/^[1-9]\d*$/.test(text)) throw new Error(`${name}: a whole number above 0 is expected`)
  return Number(text)
}
