import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { faultsOf, foundNord, header, importFile, line, people, temporaryFolder } from './import-people-file.ts'

const rows = [header, line('m1', { mentor_name: 'Bjørn Ås' }), line('m2', { mentor_name: '"Nordmann; Ola, ""Olli"""' })]
const known = [
  { ref: 'm1', name: 'Bjørn Ås', date: '2030-06-30', coordinator: 'kari@example.org' },
  { ref: 'm2', name: 'Nordmann; Ola, "Olli"', date: '2030-06-30', coordinator: 'kari@example.org' },
]

let database: Database
beforeEach(async () => {
  database = await freshDatabase()
  await foundNord(database)
  return () => database[Symbol.asyncDispose]()
})

const encodings: Record<string, (text: string) => Buffer> = {
  'UTF-8': (text) => Buffer.from(text),
  'UTF-8 with byte order mark': (text) => Buffer.from(`\ufeff${text}`),
  'Windows-1252': (text) => Buffer.from(text, 'latin1'),
  'UTF-16': (text) => Buffer.from(`\ufeff${text}`, 'utf16le'),
}

describe.each(Object.keys(encodings))('%s', (encoding) => {
  const endings = [',', ';', '\t'].flatMap((delimiter) => ['\n', '\r\n'].map((ending) => ({ delimiter, ending })))
  test.each(endings)('with $delimiter and line end $ending is read', async ({ delimiter, ending }) => {
    const text = rows.map((row) => row.replace(/,(?! )/g, delimiter)).join(ending)
    const content = encodings[encoding]?.(text + ending) ?? ''
    expect(await importFile(database, content)).toMatchObject({ code: 0, stderr: '' })
    expect(await people(database)).toMatchObject(known)
  })
})

test('the euro sign and curly quotes of Windows-1252 are what they were', async () => {
  const content = Buffer.from(`${header}\n${line('m1', { mentor_name: 'X-X' })}\n`, 'latin1')
  content[content.indexOf('X-X')] = 0x80
  content[content.indexOf('-X')] = 0x92
  await importFile(database, content)
  expect(await people(database)).toMatchObject([{ name: '€’X' }])
})

test('one letter in the middle of a long file makes all of it Windows-1252', async () => {
  const many = Array.from({ length: 3_000 }, (_, index) => line(`m${index}`))
  const content = Buffer.from([header, ...many, line('x1', { mentor_name: 'Åse' }), ...many].join('\n'), 'latin1')
  const faults = await faultsOf(database, content)
  expect(faults).toHaveLength(6_000)
  await importFile(database, content, { args: ['--skip-bad'] })
  expect(await people(database)).toMatchObject([{ ref: 'x1', name: 'Åse' }])
})

test('columns come in any order and case, with blanks around names and values, and without a last line end', async () => {
  const content = ` Mentor_Ref ;ORGANISATION;status;mentor_name;certification_expiry_date;coordinator_ref;coordinator_name;coordinator_email;
 m1 ; nord ;ACTIVE; Ola ;31.1.2031;;;;`
  expect(await importFile(database, content)).toMatchObject({ code: 0 })
  expect(await people(database)).toMatchObject([{ ref: 'm1', name: 'Ola', date: '2031-01-31', coordinator: null }])
})

test('a line break in a quoted field stays in the field, and later line numbers count it', async () => {
  for (const ending of ['\n', '\r\n']) {
    const name = `"Ola${ending}Nordmann"`
    const content = [header, '', line('m1', { mentor_name: name }), line('m2', { status: 'gone' })].join(ending)
    expect(await faultsOf(database, content)).toEqual(['5 status unknown_status'])
  }
  await importFile(database, [header, line('m1', { mentor_name: '"Ola\nNordmann"' })])
  expect(await people(database)).toMatchObject([{ name: 'Ola\nNordmann' }])
})

test('lines that are blank or hold only delimiters are not lines', async () => {
  const { code, stdout } = await importFile(database, [header, '', ',,,,,,,', line('m1'), '   ,,,,,,, ', ''])
  expect(code).toBe(0)
  expect(stdout).toContain('Imported 1 of 1 lines')
})

test('a quotation mark that is never closed costs its own line only', async () => {
  const bad = line('m2', { mentor_name: '"Ola' })
  const many = Array.from({ length: 2_000 }, (_, index) => line(`n${index}`))
  expect(await faultsOf(database, [header, line('m1'), bad, ...many])).toEqual(['3 broken_quotes'])
  expect(await faultsOf(database, [header, line('m1'), bad, line('m3', { mentor_name: '"Kari"' })])).toEqual([
    '3 broken_quotes',
  ])
  expect(await faultsOf(database, [header, '', bad, bad, line('m3'), line('m4', { mentor_name: '"Ola" N' })])).toEqual([
    '3 broken_quotes',
    '4 broken_quotes',
    '6 broken_quotes',
  ])
  const { code } = await importFile(database, [header, line('m1'), bad, ...many], { args: ['--skip-bad'] })
  expect(code).toBe(0)
  expect(await people(database)).toHaveLength(2_001)
})

test('a line that is longer than any may be is called so and costs itself only, whatever stands in it', async () => {
  const long = 'x'.repeat(70_000)
  const content = [header, line('m1'), long, line('m2', { mentor_name: `"${long}"` }), `${long}"`, line('m3')]
  const all = ['3 line_too_long', '4 line_too_long', '5 line_too_long']
  expect(await faultsOf(database, content)).toEqual(all)
  expect(await faultsOf(database, [long, line('m1')])).toEqual(['1 line_too_long'])
  expect((await importFile(database, content, { args: ['--skip-bad'] })).code).toBe(0)
  expect(await people(database)).toHaveLength(2)
})

test('a workbook, a binary file, an empty file and a file without a good header are refused with their reason', async () => {
  expect(await importFile(database, Buffer.from('PK\u0003\u0004…'))).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('workbook'),
  })
  expect(await importFile(database, Buffer.from('a\0b'))).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('not a text file'),
  })
  expect(await faultsOf(database, '')).toEqual(['1 empty_file'])
  expect(
    await faultsOf(database, [header.replace('status,', '').replace('mentor_name', 'Mentor_Name,mentor_name,nick')]),
  ).toEqual(['1 mentor_name duplicate_column', '1 nick unknown_column', '1 status missing_column'])
  expect(await faultsOf(database, line('m1'))).toContain('1 mentor_ref missing_column')
})

test('a header alone is a file in which nobody changes', async () => {
  expect(await importFile(database, header)).toMatchObject({ code: 0 })
})

test('standard input is read where the file is called -', async () => {
  const script = join(await temporaryFolder(), 'run.mts')
  await writeFile(
    script,
    `import { importCommand } from ${JSON.stringify(new URL('../../cli/commands/import.ts', import.meta.url).href)}
     const deps = { env: {}, stdout: process.stdout, stderr: process.stderr, databaseAddress: async () => ({ url: process.argv[2] ?? '' }) }
     process.exitCode = await importCommand.run(['-'], { ...deps, signal: new AbortController().signal })`,
  )
  const args = ['--import', import.meta.resolve('tsx'), script, database.url]
  const { status } = spawnSync(process.execPath, args, { input: rows.join('\n') })
  expect(status).toBe(0)
  expect(await people(database)).toMatchObject(known)
})
