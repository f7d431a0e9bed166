import { StringDecoder } from 'node:string_decoder'
import { type Cutting, cutRecords, longestRecord, type SourceRecord } from './cut-records.ts'
import { fromWindows1252 } from './encoding.ts'
import { type Delimiter, findDelimiter } from './header.ts'
import type { Input } from './input.ts'
import { parseRecord } from './parse-record.ts'
import { readBytes, readFrom } from './read-file.ts'

/** Reads the delimiter off the first line that is not blank. */
export async function sniffDelimiter(input: Input): Promise<Delimiter> {
  const start = await readBytes(input.file, input.start, longestRecord)
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
  const { delimiter, onBytes } = options
  const decoder = new StringDecoder(input.encoding === 'utf-8' ? 'utf8' : 'latin1')
  const parse = (text: string) => parseRecord(text, delimiter)
  let cutting: Cutting = { line: 1, rest: '', isSkipping: false }
  const take = (text: string, isLast: boolean): SourceRecord[] => {
    const { records, next } = cutRecords({ ...cutting, rest: cutting.rest + text }, { delimiter, isLast, parse })
    cutting = next
    return records.filter(({ fields }) => fields.length > 1 || fields[0] !== '')
  }
  let read = input.start
  for await (const chunk of readFrom(input.file, input.start, signal)) {
    const text = decoder.write(chunk)
    yield take(input.encoding === 'utf-8' ? text : fromWindows1252(text), false)
    read += chunk.length
    onBytes?.(read)
  }
  yield take(decoder.end(), true)
}
