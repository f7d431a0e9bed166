import { CsvError, parse } from 'csv-parse/sync'
import type { Delimiter } from './header.ts'

/**
 * The fields of one whole record; undefined when it can't be parsed. What is written as usual is taken apart at its
 * delimiters, many times faster than the parser goes from byte to byte; the parser judges what is not.
 */
export function parseRecord(text: string, delimiter: Delimiter): string[] | undefined {
  return takeApart(text, delimiter) ?? parseStrictly(text, delimiter)
}

/** Undefined where a quotation mark stands in the middle of a field. */
function takeApart(text: string, delimiter: Delimiter): string[] | undefined {
  const fields: string[] = []
  for (let at = 0; ; ) {
    const isQuoted = text.startsWith('"', at)
    const end = isQuoted ? closingQuote(text, at) + 1 : endOfBare(text, at, delimiter)
    if (end < text.length && text[end] !== delimiter) return undefined
    const field = isQuoted ? text.slice(at + 1, end - 1) : text.slice(at, end)
    if (!isQuoted && field.includes('"')) return undefined
    fields.push(isQuoted && field.includes('"') ? field.replaceAll('""', '"') : field)
    if (end >= text.length) return fields
    at = end + 1
  }
}

function endOfBare(text: string, from: number, delimiter: Delimiter): number {
  const end = text.indexOf(delimiter, from)
  return end === -1 ? text.length : end
}

/** Two quotation marks in a quoted field are one of its characters. */
function closingQuote(text: string, opening: number): number {
  let place = text.indexOf('"', opening + 1)
  while (place !== -1 && text[place + 1] === '"') place = text.indexOf('"', place + 2)
  return place === -1 ? text.length : place
}

function parseStrictly(text: string, delimiter: Delimiter): string[] | undefined {
  try {
    const records = parse(text, { delimiter, record_delimiter: '\n', relax_column_count: true })
    return records.length === 1 ? records[0] : undefined
  } catch (error) {
    if (error instanceof CsvError) return undefined
    throw error
  }
}
