import { Parser } from 'csv-parse'
import type { Delimiter } from './header.ts'

/** Bytes that one record may have; a quote that is never closed runs into this instead of taking all memory. */
export const longestRecord = 65_536

type ParsedRecord = { fields: string[]; end: number; hasLineBreaks: boolean }

/**
 * csv-parse, handing its records over while it parses instead of queueing them: what a chunk held before a fault is not
 * lost with the fault, and `end` (bytes after the parser's first one) says where each record stopped.
 */
class RecordParser extends Parser {
  records: ParsedRecord[] = []
  #line = 0

  override push(record: string[] | null): boolean {
    if (record === null) return super.push(null)
    const { bytes: end, lines } = this.info
    this.records.push({ fields: record, end, hasLineBreaks: lines !== this.#line + 1 })
    this.#line = lines
    return true
  }
}

export type RecordFeed = {
  /** Parses the next bytes, or the end. False when the record after the last one returned can't be parsed. */
  feed(chunk: Buffer | null): Promise<boolean>
  /** The records parsed since the last call. */
  take(): ParsedRecord[]
}

/** A parser for one stretch of a file. Blank lines are records with one empty field. */
export function openRecordFeed(options: { delimiter: Delimiter; encoding: 'utf-8' | 'windows-1252' }): RecordFeed {
  const parser = new RecordParser({
    delimiter: options.delimiter,
    encoding: options.encoding === 'utf-8' ? 'utf8' : 'latin1',
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    max_record_size: longestRecord,
  })
  parser.on('error', () => undefined) // also given to the callback below
  return {
    feed: (chunk) =>
      new Promise((resolve) => {
        const done = (error?: Error | null) => resolve(!error)
        if (chunk === null) parser.end(done)
        else parser.write(chunk, done)
      }),
    take() {
      const { records } = parser
      parser.records = []
      return records
    },
  }
}
