import { type Column, columns, type FaultCode, requiredColumns } from './faults.ts'

const delimiters = [';', ',', '\t'] as const
export type Delimiter = (typeof delimiters)[number]

/** The delimiter that stands most often in the header line, outside of quotes. A comma where there is none. */
export function findDelimiter(headerLine: string): Delimiter {
  const bare = headerLine.replace(/"(?:[^"]|"")*"/g, '')
  const count = (delimiter: string) => bare.split(delimiter).length
  return delimiters.reduce<Delimiter>((best, next) => (count(next) > count(best) ? next : best), ',')
}

/**
 * Where each column stands in a record. `names` are the header's own, in its order. `isRejectsFile`: the file was left
 * by `--skip-bad`, so that its two additional columns are not read and values may be guarded against formulas.
 */
export type Header = {
  names: string[]
  positions: ReadonlyMap<Column, number>
  isRejectsFile: boolean
  /** Where a rejects file has its reasons; -1 elsewhere. */
  reasonsAt: number
}

export type HeaderFault = { column: string; code: Extract<FaultCode, `${string}_column`> }

/** The columns that a rejects file has after those of its input. */
export const rejectsColumns = ['line', 'reasons'] as const

/** Reads a header, in any order and case; columns without a name, which Excel leaves behind, are not read. */
export function readHeader(fields: readonly string[]): Header | HeaderFault[] {
  const names = fields.map((field) => field.trim())
  const positions = new Map<Column, number>()
  const faults: HeaderFault[] = []
  let isRejectsFile = false
  for (const [position, name] of names.entries()) {
    const column = columns.find((known) => known === name.toLowerCase())
    if (column !== undefined) {
      if (positions.has(column)) faults.push({ column, code: 'duplicate_column' })
      positions.set(column, position)
    } else if (rejectsColumns.some((known) => known === name.toLowerCase())) {
      isRejectsFile = true
    } else if (name !== '') {
      faults.push({ column: name, code: 'unknown_column' })
    }
  }
  const reasonsAt = names.findIndex((name) => name.toLowerCase() === 'reasons')
  for (const column of requiredColumns) {
    if (!positions.has(column)) faults.push({ column, code: 'missing_column' })
  }
  return faults.length > 0 ? faults : { names, positions, isRejectsFile, reasonsAt }
}
