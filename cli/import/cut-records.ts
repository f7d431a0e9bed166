import type { Delimiter } from './header.ts'

/** Characters that one record may have; a quote that is never closed runs into this instead of taking all memory. */
export const longestRecord = 65_536

const quotationMark = 0x22
const lineFeed = 0x0a
const carriageReturn = 0x0d

/** One record and the line that it starts on. One with a fault could not be parsed: its fields are its first line, cut up. */
export type SourceRecord = { line: number; fields: string[]; fault: 'broken_quotes' | 'line_too_long' | null }

/**
 * Where cutting goes on: `line` is the next record's, `rest` what is not cut yet. `isSkipping`: the rest of an overlong
 * line comes first, which is of no use.
 */
export type Cutting = { line: number; rest: string; isSkipping: boolean }

/**
 * Cuts text into records and their fields. One without quotation marks ends with its line. One with them ends with the first
 * line that has closed as many as were opened; where `parse` gives undefined for that, its quotes are broken and
 * cost its first line. So does a line that is longer than any record may be. A blank line is a record with one empty field.
 */
export function cutRecords(
  { line, rest: text, isSkipping }: Cutting,
  {
    delimiter,
    isLast,
    parse,
  }: { delimiter: Delimiter; isLast: boolean; parse: (text: string) => string[] | undefined },
): { records: SourceRecord[]; next: Cutting } {
  const records: SourceRecord[] = []
  const lines = lineEnds(text, isLast)
  const nextQuote = searcher(text, '"')
  let at = 0
  if (isSkipping) {
    const end = lines(0)
    if (end === undefined) return { records, next: skipping(line, text) }
    at = end.next
  }
  while (at < text.length) {
    const end = lines(at)
    const isWaiting = !isLast && text.length - at <= longestRecord
    if (end === undefined && isWaiting) break
    const stop = end?.index ?? text.length
    const isQuoted = nextQuote(at) < stop
    const record = isQuoted ? endOfQuoted(text, at, isLast) : end
    if (record === undefined && isWaiting) break
    const whole = record && record.index - at <= longestRecord ? text.slice(at, record.index) : undefined
    const fields = isQuoted && whole !== undefined ? parse(whole) : whole?.split(delimiter)
    if (record !== undefined && fields !== undefined) {
      records.push({ line, fields, fault: null })
      at = record.next
      line += record.lines
      continue
    }
    const firstLine = text.slice(at, Math.min(stop, at + longestRecord))
    const fault = stop - at > longestRecord ? 'line_too_long' : 'broken_quotes'
    records.push({ line, fields: firstLine.split(delimiter), fault })
    line += 1
    if (end === undefined) return { records, next: skipping(line, text) }
    at = end.next
  }
  return { records, next: { line, rest: text.slice(at), isSkipping: false } }
}

/** A carriage return at the end may be the line's. */
const skipping = (line: number, text: string): Cutting => ({
  line,
  rest: text.endsWith('\r') ? '\r' : '',
  isSkipping: true,
})

/** Where a record ends and the next one starts, and how many lines it has. */
type End = { index: number; next: number; lines: number }

/** A search for a character from places that rise. */
function searcher(text: string, character: string): (from: number) => number {
  let found = -1
  return (from) => {
    if (found >= from) return found
    const place = text.indexOf(character, from)
    found = place === -1 ? Number.POSITIVE_INFINITY : place
    return found
  }
}

/** A search for the next line end, LF, CRLF or CR, from places that rise; undefined where the text does not show it. */
function lineEnds(text: string, isLast: boolean): (from: number) => End | undefined {
  const nextFeed = searcher(text, '\n')
  const nextReturn = searcher(text, '\r')
  return (from) => {
    const index = Math.min(nextFeed(from), nextReturn(from))
    return index < text.length ? endAt(text, index, { isLast, lines: 1 }) : lastEnd(text, { isLast, lines: 1 })
  }
}

/** A carriage return that is the last that is known may be half of a line end. */
function endAt(text: string, index: number, { isLast, lines }: { isLast: boolean; lines: number }): End | undefined {
  if (text.charCodeAt(index) === lineFeed) return { index, next: index + 1, lines }
  if (index + 1 === text.length && !isLast) return undefined
  return { index, next: text.charCodeAt(index + 1) === lineFeed ? index + 2 : index + 1, lines }
}

/** A last line need not have an end. */
function lastEnd(text: string, { isLast, lines }: { isLast: boolean; lines: number }): End | undefined {
  return isLast ? { index: text.length, next: text.length, lines } : undefined
}

/** Where a record with quotation marks ends; undefined where the text does not show it. */
function endOfQuoted(text: string, from: number, isLast: boolean): End | undefined {
  let isOpen = false
  let lines = 1
  for (let place = from; place < text.length; place += 1) {
    const code = text.charCodeAt(place)
    if (code === quotationMark) isOpen = !isOpen
    if (code !== lineFeed && code !== carriageReturn) continue
    const end = endAt(text, place, { isLast, lines })
    if (end === undefined || !isOpen) return end
    lines += 1
    place = end.next - 1
  }
  return isOpen ? undefined : lastEnd(text, { isLast, lines })
}
