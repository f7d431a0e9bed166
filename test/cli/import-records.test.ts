import { readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Cutting, cutRecords, longestRecord, type SourceRecord } from '../../cli/import/cut-records.ts'
import { openInput } from '../../cli/import/input.ts'
import { readRecords } from '../../cli/import/records.ts'
import { temporaryFolder } from './import-people-file.ts'

const comma = { delimiter: ',', parse: () => undefined } as const
const never = new AbortController().signal

async function recordsOf(path: string, text: string): Promise<SourceRecord[]> {
  await writeFile(path, text)
  await using input = await openInput(path, never)
  const all: SourceRecord[] = []
  for await (const batch of readRecords(input, { delimiter: ',' }, never)) all.push(...batch)
  return all
}

/** A file is read in chunks of 65,536 bytes: what follows a first line of nearly that length stands across an edge. */
const paddings = fc.oneof(fc.constant(0), fc.integer({ min: 65_480, max: 65_529 }))
const pieces = ['a', 'ø', '€', ' ', ',', '"', '""', '\n', '\r\n', '\r', '"b,c"', ',"d\ne",', '"f""g"']
const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((parts) => parts.join(''))
const cell = fc.array(fc.constantFrom('a', 'ø', '€', ',', '"', '\n', '\r\n', '\r', ' '), { maxLength: 6 })
const table = fc.array(
  fc.array(
    cell.map((parts) => parts.join('')),
    { minLength: 2, maxLength: 4 },
  ),
  { maxLength: 8 },
)

test('what a writer of CSV writes is read as it was, with its line numbers, wherever the chunks of the file end', async () => {
  const path = join(await temporaryFolder(), 'people.csv')
  await fc.assert(
    fc.asyncProperty(table, paddings, fc.constantFrom('\n', '\r\n', '\r'), async (rows, padding, ending) => {
      const all = [['x'.repeat(padding), 'first'], ...rows]
      const text = stringify(all, { record_delimiter: ending, quoted_match: /[\r\n]/ })
      let line = 1
      const expected = all.map((fields) => {
        const record = { line, fields, fault: null }
        line += 1 + fields.flatMap((field) => field.match(/\r\n|\n|\r/g) ?? []).length
        return record
      })
      expect(await recordsOf(path, text)).toEqual(expected)
    }),
    { numRuns: 300 },
  )
})

test('any text is read as a CSV parser would, and where that finds a fault only single lines are broken', async () => {
  const path = join(await temporaryFolder(), 'people.csv')
  const seen = { sound: 0, broken: 0 }
  await fc.assert(
    fc.asyncProperty(soup, paddings, async (text, padding) => {
      const whole = `${'x'.repeat(padding)},first\n${text}`
      const records = await recordsOf(path, whole)
      const broken = records.filter(({ fault }) => fault === 'broken_quotes')
      const parsed = parseOrNothing(whole)
      if (parsed === undefined) {
        seen.broken += 1
        expect(broken.length).toBeGreaterThan(0)
        const lines = whole.split(/\r\n|\n|\r/)
        for (const { line, fields } of broken) expect(fields.join(',')).toBe(lines[line - 1])
      } else {
        seen.sound += 1
        expect(records.map(({ fields }) => fields)).toEqual(parsed.filter((fields) => fields.join() !== ''))
      }
    }),
    { numRuns: 600 },
  )
  expect(Math.min(seen.sound, seen.broken)).toBeGreaterThan(50)
})

function parseOrNothing(text: string): string[][] | undefined {
  try {
    return parse(text, { record_delimiter: ['\r\n', '\n', '\r'], relax_column_count: true })
  } catch {
    return undefined
  }
}

test('a line without an end costs no memory and only itself', async () => {
  const path = join(await temporaryFolder(), 'people.csv')
  const records = await recordsOf(path, `a,b\n${'x'.repeat(1_000_000)}\r\nc,d\n"${'y'.repeat(1_000_000)}\ne,f`)
  const short = records.map(({ line, fields, fault }) => [line, fields.join().slice(0, 3), fault])
  expect(short).toEqual([
    [1, 'a,b', null],
    [2, 'xxx', 'line_too_long'],
    [3, 'c,d', null],
    [4, '"yy', 'line_too_long'],
    [5, 'e,f', null],
  ])
  expect(records[1]?.fields.join().length).toBe(65_536)
})

test.each(['x', '"', '"\n'])('what waits for the end of its record takes no memory to speak of: %j', (start) => {
  let cutting: Cutting = { line: 1, rest: start, isSkipping: false }
  for (let fed = 0; fed < 1_000_000; fed += 10_000) {
    const rest = cutting.rest + 'x'.repeat(10_000)
    cutting = cutRecords({ ...cutting, rest }, { isLast: false, ...comma }).next
    expect(cutting.rest.length).toBeLessThanOrEqual(longestRecord)
  }
})

test('half of the end of an overlong line, at the edge of a chunk, does not take the next line with it', () => {
  for (const [half, other] of [
    ['\r', ''],
    ['\r', '\n'],
  ] satisfies [string, string][]) {
    const first = { line: 1, rest: `${'x'.repeat(longestRecord + 1)}${half}`, isSkipping: false }
    const { records, next } = cutRecords(first, { isLast: false, ...comma })
    expect(records).toMatchObject([{ line: 1, fault: 'line_too_long' }])
    const rest = `${next.rest}${other}a,b`
    expect(cutRecords({ ...next, rest }, { isLast: true, ...comma }).records).toEqual([
      { line: 2, fields: ['a', 'b'], fault: null },
    ])
  }
})

test.runIf(process.platform !== 'win32')(
  'what came by standard input has no name in any folder while it is read',
  async () => {
    const before = await copies()
    const text = Buffer.from(`\ufeffa;b\n`, 'utf16le') // is copied twice
    const halfway = Readable.from(
      (async function* () {
        yield text
        expect(await copies()).toEqual(before)
      })(),
    )
    await using input = await openInput(halfway, never)
    expect(input.size).toBe(4)
    expect(await copies()).toEqual(before)
  },
)

async function copies(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('mentor-expiry-import-'))
}
