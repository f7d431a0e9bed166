import type { Move, MoveCounts } from './moves.ts'

/** How many are named of each group. */
const shown = 20

type Group = { title: string; count: (counts: MoveCounts) => number; holds: (move: Move) => boolean }

const service = (direction: 'leaves' | 'returns' | 'appears', title: string): Group => ({
  title,
  count: (counts) => counts.service[direction],
  holds: (move) => move.service === direction,
})

const website = (direction: 'leaves' | 'returns' | 'appears' | 'moves', title: string): Group => ({
  title,
  count: (counts) => counts.website[direction],
  holds: (move) => move.website === direction,
})

const groups = [
  service('leaves', 'Would leave service'),
  website('leaves', 'Would leave the website'),
  website('moves', 'Would be shown by another contact of the website'),
  service('returns', 'Would return to service'),
  website('returns', 'Would return to the website'),
  service('appears', 'Would be new in service'),
  website('appears', 'Would be new on the website'),
]

/** Keeps the first moves of each group, and says them in lines once their counts are known. */
export function collectMoves(): { add: (move: Move) => void; lines: (counts: MoveCounts) => string[] } {
  const kept = groups.map((group) => ({ ...group, names: [] as string[] }))
  return {
    add(move) {
      for (const { holds, names } of kept) if (names.length < shown && holds(move)) names.push(describe(move))
    },
    lines(counts) {
      const found = kept.filter(({ count }) => count(counts) > 0)
      const leaves = counts.service.leaves + counts.website.leaves
      return [
        ...(leaves === 0 ? ['Nobody would leave service or the website.'] : []),
        ...found.flatMap(({ title, count, names }) => {
          const more = count(counts) - names.length
          return [
            `${title}: ${count(counts)}`,
            ...names,
            ...(more > 0 ? [`  and ${more} more; --json names them all`] : []),
          ]
        }),
      ]
    },
  }
}

function describe({ organisation, ref, name, from, to }: Move): string {
  const status = from === null || from === to ? to : `${from} → ${to}`
  return `  ${organisation}/${ref}  ${name}  ${status}`
}
