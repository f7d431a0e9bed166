import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { parse } from 'csv-parse/sync'
import { fromWindows1252 } from './encoding.ts'
import { type Delimiter, findDelimiter } from './header.ts'
import type { Input } from './input.ts'
import { longestRecord, openRecordFeed } from './record-parser.ts'

/** One record and the line that it starts on. A broken one could not be parsed: its fields are its first line, cut up. */
export type SourceRecord = { line: number; fields: string[]; isBroken: boolean }

type Place = { offset: number; line: number }

/** Reads the delimiter off the first line that is not blank. */
export async function sniffDelimiter(input: Input): Promise<Delimiter> {
  const start = await readBytes(input.path, input.start, longestRecord)
  return findDelimiter(/[^\r\n]+/.exec(start.toString('latin1'))?.[0] ?? '')
}

/**
 * All records of the file in batches, blank lines left out, in constant memory. A record that can't be parsed costs its
 * first line: reading goes on with the next one, as if a missing quotation mark had been there.
 */
export async function* readRecords(
  input: Input,
  options: { delimiter: Delimiter; onBytes?: (count: number) => void },
  signal: AbortSignal,
): AsyncGenerator<SourceRecord[]> {
  let place: Place | undefined = { offset: input.start, line: 1 }
  while (place !== undefined) {
    const stopped: Place | undefined = yield* readStretch(input, options, place, signal)
    if (stopped === undefined) return
    const { text, next } = await readLine(input, stopped)
    yield [{ line: stopped.line, fields: cutUp(text, options.delimiter), isBroken: true }]
    place = next
  }
}

/** Reads from one place to the end, or to a record that can't be parsed: returns where that one starts. */
async function* readStretch(
  input: Input,
  options: { delimiter: Delimiter; onBytes?: (count: number) => void },
  from: Place,
  signal: AbortSignal,
): AsyncGenerator<SourceRecord[], Place | undefined> {
  const feed = openRecordFeed({ delimiter: options.delimiter, encoding: input.encoding })
  const place = { ...from }
  const take = (): SourceRecord[] => {
    const records: SourceRecord[] = []
    for (const { fields, end, hasLineBreaks } of feed.take()) {
      const { line } = place
      place.offset = from.offset + end
      place.line += 1 + (hasLineBreaks ? countLineBreaks(fields) : 0)
      if (fields.length === 1 && fields[0] === '') continue
      records.push({ line, fields: input.encoding === 'utf-8' ? fields : fields.map(fromWindows1252), isBroken: false })
    }
    return records
  }

  let read = from.offset
  for await (const chunk of createReadStream(input.path, { start: from.offset, signal })) {
    const isParsed = await feed.feed(chunk)
    yield take()
    if (!isParsed) return place
    read += chunk.length
    options.onBytes?.(read)
  }
  const isParsed = await feed.feed(null)
  yield take()
  return isParsed ? undefined : place
}

function countLineBreaks(fields: readonly string[]): number {
  return fields.reduce((count, field) => count + field.split(/\r\n|\n|\r/).length - 1, 0)
}

/** The physical line at a place, at most one record's longest length of it, and where the next one starts. */
async function readLine(input: Input, from: Place): Promise<{ text: string; next: Place | undefined }> {
  let text = ''
  for (let { offset } = from; ; offset += longestRecord) {
    const bytes = await readBytes(input.path, offset, longestRecord)
    const end = /\r\n|\n|\r(?!$)/.exec(bytes.toString('latin1'))
    if (offset === from.offset) text = decode(bytes.subarray(0, end?.index), input.encoding)
    if (end !== null) return { text, next: { offset: offset + end.index + end[0].length, line: from.line + 1 } }
    if (bytes.length < longestRecord) return { text, next: undefined }
  }
}

function decode(bytes: Buffer, encoding: Input['encoding']): string {
  return encoding === 'utf-8' ? bytes.toString('utf8') : fromWindows1252(bytes.toString('latin1'))
}

function cutUp(text: string, delimiter: Delimiter): string[] {
  return parse(text, { delimiter, quote: false, record_delimiter: '\n' })[0] ?? []
}

async function readBytes(path: string, offset: number, count: number): Promise<Buffer> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, offset)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
