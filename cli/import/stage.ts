import { pipeline } from 'node:stream/promises'
import type { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { type CheckedLine, createLineChecker } from './check-line.ts'
import type { SourceRecord } from './cut-records.ts'
import { columns, type Fault } from './faults.ts'
import { type Delimiter, type Header, readHeader } from './header.ts'
import type { Input } from './input.ts'
import { readRecords } from './records.ts'

/**
 * The transaction's own table of lines. A value that is absent or at fault is null; `faults` holds `column:code` pairs
 * with a blank between them, and `original` the fields of a faulty line as a JSON array in the header's order.
 */
const createLines = `
  create temporary table import_lines (
    line integer not null,
    organisation text,
    mentor_ref text,
    mentor_name text,
    status expiry.mentor_status,
    certification_expiry_date date,
    coordinator_ref text,
    coordinator_name text,
    coordinator_email text,
    portal_key text,
    faults text,
    original text
  ) on commit drop`

const chunkLength = 65_536

export type Staged =
  | { kind: 'staged'; header: Header; lines: number; hasFaultyLines: boolean }
  | { kind: 'refused'; faults: Fault[] }

/**
 * Streams the file into the temporary table import_lines by COPY, every line with the faults that it shows by itself.
 * Without a usable header nothing is staged. Call inside a transaction.
 */
export async function stageFile(
  deps: { client: Client },
  options: { input: Input; delimiter: Delimiter; onBytes?: (count: number) => void },
  signal: AbortSignal,
): Promise<Staged> {
  const batches = readRecords(options.input, options, signal)
  let batch: SourceRecord[] = []
  while (batch.length === 0) {
    const next = await batches.next()
    if (next.done) return refused([{ column: '', code: 'empty_file' }], 1)
    batch = next.value
  }
  const [first, ...rest] = batch
  if (first === undefined) return refused([{ column: '', code: 'empty_file' }], 1)
  if (first.fault !== null) return refused([{ column: '', code: first.fault }], first.line)
  const header = readHeader(first.fields)
  if (Array.isArray(header)) return refused(header, first.line)

  await deps.client.query(createLines)
  const checkLine = createLineChecker(header)
  let lines = 0
  let hasFaultyLines = false
  async function* rows(): AsyncGenerator<string> {
    let text = ''
    const add = (records: SourceRecord[]) => {
      for (const record of records) {
        const line = checkLine(record)
        if (line === null) continue
        lines += 1
        hasFaultyLines ||= line.faults.length > 0
        text += copyRow(line)
      }
    }
    add(rest)
    for await (const records of batches) {
      add(records)
      if (text.length < chunkLength) continue
      yield text
      text = ''
    }
    yield text
  }
  const copy = deps.client.query(copyFrom('copy pg_temp.import_lines from stdin'))
  await pipeline(rows, copy, { signal })
  await deps.client.query('analyze pg_temp.import_lines (line, organisation, mentor_ref, coordinator_ref)')
  return { kind: 'staged', header, lines, hasFaultyLines }
}

function refused(faults: Pick<Fault, 'column' | 'code'>[], line: number): Staged {
  return { kind: 'refused', faults: faults.map((fault) => ({ ...fault, line, otherLine: null })) }
}

/** One row of COPY's text format. */
function copyRow({ line, values, faults, original }: CheckedLine): string {
  let row = `${line}`
  for (const column of columns) row += copyCell(values[column])
  row += copyCell(faults.length === 0 ? null : faults.map(({ column, code }) => `${column}:${code}`).join(' '))
  return `${row}${copyCell(original === null ? null : JSON.stringify(original))}\n`
}

const escapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function copyCell(text: string | null): string {
  if (text === null) return '\t\\N'
  if (!/[\\\t\n\r]/.test(text)) return `\t${text}`
  return `\t${text.replace(/[\\\t\n\r]/g, (character) => escapes[character] ?? '')}`
}
