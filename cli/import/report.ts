import { once } from 'node:events'
import type { BadLine } from './bad-lines.ts'
import { describeFault, faultWords } from './faults.ts'
import type { ImportResult } from './import-people.ts'
import { collectMoves } from './move-lines.ts'
import type { Move, MoveCounts } from './moves.ts'
import type { Tally } from './write.ts'

/** Tells a person or a machine what an import did. Bad lines arrive one by one, then who would move, then the result. */
export type Reporter = {
  badLine: (line: BadLine) => Promise<void>
  move: (move: Move) => Promise<void>
  result: (result: ImportResult) => Promise<void>
}

const shownLines = 20

/** Sentences; of many bad lines only the first are shown. */
export function textReporter(stdout: NodeJS.WriteStream): Reporter {
  let seen = 0
  const moves = collectMoves()
  return {
    async badLine({ line, faults }) {
      seen += 1
      if (seen > shownLines) return
      for (const fault of faults) await send(stdout, `line ${line}  ${describeFault(fault)}  [${fault.code}]\n`)
    },
    async move(move) {
      moves.add(move)
    },
    async result(result) {
      if (seen > shownLines) {
        const where = result.rejects === null ? '; --json and --rejects FILE name them all' : ''
        await send(stdout, `and ${seen - shownLines} more bad lines${where}\n`)
      }
      await send(stdout, `${sentences(result, moves.lines).join('\n')}\n`)
    },
  }
}

/** One JSON object, written as it comes about: `{ badLines: [{ line, faults }], moves: [{ organisation, ref, … }], result }`. */
export function jsonReporter(stdout: NodeJS.WriteStream): Reporter {
  let next = '{"badLines":['
  let hasMoves = false
  const openMoves = () => {
    if (!hasMoves) next = `${next === ',' ? '' : next}],"moves":[`
    hasMoves = true
  }
  const item = async (value: object) => {
    await send(stdout, `${next}\n${JSON.stringify(value)}`)
    next = ','
  }
  return {
    async badLine({ line, faults }) {
      const readable = faults.map(({ column, code, otherLine }) => ({
        column,
        code,
        otherLine,
        reason: faultWords[code],
      }))
      await item({ line, faults: readable })
    },
    async move(move) {
      openMoves()
      await item(move)
    },
    async result(result) {
      openMoves()
      await send(stdout, `${next === ',' ? '' : next}],"result":${JSON.stringify(result)}}\n`)
    },
  }
}

async function send(stdout: NodeJS.WriteStream, text: string): Promise<void> {
  if (!stdout.write(text)) await once(stdout, 'drain')
}

function sentences(
  { written, lines, badLines, changes, rejects }: ImportResult,
  linesOfMoves: (moves: MoveCounts) => string[],
): string[] {
  const left = rejects === null ? [] : [`The bad lines and their reasons are in ${rejects}`]
  if (changes === null) {
    if (lines === 0) return ['Nothing was imported: the header can not be used.']
    const advice = lines > badLines ? ' --skip-bad imports the others.' : ''
    return [`Nothing was imported: ${badLines} of ${lines} lines are bad.${advice}`, ...left]
  }
  const { organisations, coordinators, mentors, certifications, keptExpired, reminders, moves } = changes
  const good = `${lines - badLines} of ${lines} lines`
  const byThreshold = reminders.byThreshold
    .map(({ thresholdDay, count }) => `${count} at ${thresholdDay} days`)
    .join(', ')
  return [
    written ? `Imported ${good}.` : `Dry run, nothing was written. ${good} would be imported.`,
    '',
    '                      new   changed  unchanged',
    row('organisations', organisations),
    row('coordinators', coordinators),
    row('mentors', mentors),
    row('certifications', certifications),
    '',
    `Reminders that ${written ? 'go' : 'would go'} out at once: ${reminders.pending}${byThreshold && ` (${byThreshold})`}`,
    ...when(
      reminders.unreachable,
      'due reminder reaches nobody: no coordinator with an address, no fallback_email',
      'due reminders reach nobody: no coordinator with an address, no fallback_email',
    ),
    ...when(reminders.superseded, 'open reminder is superseded', 'open reminders are superseded'),
    ...reminders.held.flatMap(({ organisation, count }) =>
      when(
        count,
        `mentor of ${organisation} stays in service although the date has passed: ${heldUntil(organisation)}`,
        `mentors of ${organisation} stay in service although their dates have passed: ${heldUntil(organisation)}`,
      ),
    ),
    ...when(
      keptExpired,
      'mentor stays certification_expired although the file says active: only a valid date brings them back',
      'mentors stay certification_expired although the file says active: only a valid date brings them back',
    ),
    ...(moves === null ? [] : ['', ...linesOfMoves(moves)]),
    ...left,
  ]
}

function row(name: string, { new: added, changed, unchanged }: Tally): string {
  return `${name.padEnd(15)}${[added, changed, unchanged].map((count) => String(count).padStart(10)).join('')}`
}

const heldUntil = (organisation: string) =>
  `the brake holds that until a person decides (mentor-expiry approve-expiry ${organisation})`

function when(count: number, one: string, many: string): string[] {
  return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`]
}
