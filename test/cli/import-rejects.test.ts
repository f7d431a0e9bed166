import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import { beforeEach, expect, test } from 'vitest'
import { importCommand } from '../../cli/commands/import.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import {
  faultsOf,
  foundNord,
  header,
  importFile,
  keepingStream,
  line,
  modeOf,
  people,
  temporaryFolder,
} from './import-people-file.ts'

let database: Database
beforeEach(async () => {
  database = await freshDatabase()
  await foundNord(database)
  return () => database[Symbol.asyncDispose]()
})

const skipBad = { args: ['--skip-bad'] }

async function rejectsOf(path: string): Promise<Record<string, string>[]> {
  return parse(await readFile(`${path}.rejects.csv`), { columns: true, bom: true })
}

test('--skip-bad imports the good lines and leaves the bad ones with line and reasons, for the owner alone', async () => {
  const bad = line('m2', { status: 'gone', certification_expiry_date: '30.02.2027' })
  const { code, stdout, path } = await importFile(database, [header, line('m1'), bad, line('m3'), line('m3')], skipBad)
  expect(code).toBe(0)
  expect(stdout).toContain('Imported 1 of 4 lines.')
  expect(stdout).toContain(`${path}.rejects.csv`)
  expect(await people(database)).toMatchObject([{ ref: 'm1' }])
  const rejects = await rejectsOf(path)
  expect(Object.keys(rejects[0] ?? {})).toEqual([...header.split(','), 'line', 'reasons'])
  expect(rejects).toMatchObject([
    {
      mentor_ref: 'm2',
      status: 'gone',
      certification_expiry_date: '30.02.2027',
      line: '3',
      reasons: expect.stringMatching(/^status: .*; certification_expiry_date: /),
    },
    { mentor_ref: 'm3', line: '4', reasons: expect.stringContaining('see line 5') },
    { mentor_ref: 'm3', line: '5', reasons: expect.stringContaining('see line 4') },
  ])
  expect(await modeOf(`${path}.rejects.csv`)).toBe(0o600)
  expect((await readdir(dirname(path))).sort()).toEqual(['people.csv', 'people.csv.rejects.csv'])
})

test('a rejects file can be mended and imported, and no value in it is a formula', async () => {
  const content = [header, line('=1+1', { mentor_name: '+47 Ola', coordinator_ref: '-k', status: 'gone' })]
  const { path } = await importFile(database, content, skipBad)
  const text = await readFile(`${path}.rejects.csv`, 'utf8')
  expect(text).not.toMatch(/(^|,)"?[=+\-@]/m)
  expect(await importFile(database, text.replace('gone', 'active'))).toMatchObject({ code: 0 })
  expect(await people(database)).toMatchObject([{ ref: '=1+1', name: '+47 Ola', coordinator: 'kari@example.org' }])
})

test('a broken line and a line with too many fields lose nothing in the rejects file', async () => {
  const broken = line('m1', { mentor_name: '"Ola' })
  const { path } = await importFile(database, [header, broken, `${line('m2')},x,y`], skipBad)
  expect(await rejectsOf(path)).toMatchObject([
    { mentor_ref: 'm1', mentor_name: '"Ola', coordinator_email: 'kari@example.org', line: '2' },
    { mentor_ref: 'm2', coordinator_email: 'kari@example.org,x,y', line: '3' },
  ])
})

test('a line whose shape was guessed stays at fault in its rejects file until a person clears its reasons', async () => {
  const broken = line('m1', { mentor_name: '"Ola' })
  const { path } = await importFile(database, [header, broken, `${line('m2')},x`, 'nord,m3,Kari'], skipBad)
  const rejects = await readFile(`${path}.rejects.csv`, 'utf8')
  expect(await faultsOf(database, rejects)).toEqual([
    '2 broken_quotes',
    '3 wrong_number_of_fields',
    '4 wrong_number_of_fields',
  ])
  const mended = parse(rejects, { bom: true }).map((fields, index) =>
    index === 0 ? fields : [...[...fields.slice(0, 3), ...line('x').split(',').slice(3)], fields.at(-2) ?? '', ''],
  )
  expect(await importFile(database, stringify(mended))).toMatchObject({ code: 0 })
  expect((await people(database)).map(({ ref, name }) => [ref, name])).toEqual([
    ['m1', '"Ola'],
    ['m2', 'Mentor m2'],
    ['m3', 'Kari'],
  ])
})

test('--skip-bad refuses a file without a single good line, and still leaves the reasons', async () => {
  const { code, stdout, path } = await importFile(database, [header, line('m1', { status: 'gone' })], skipBad)
  expect(code).toBe(1)
  expect(stdout).toContain('Nothing was imported: 1 of 1 lines are bad.')
  expect(stdout).not.toContain('--skip-bad')
  expect(await rejectsOf(path)).toMatchObject([{ mentor_ref: 'm1' }])
  expect((await importFile(database, header, skipBad)).code).toBe(0)
})

test('no rejects file is left where no line is bad, after a dry run, or without --skip-bad', async () => {
  const bad = [header, line('m1', { status: 'gone' })]
  for (const [content, args] of [
    [[header, line('m1')], ['--skip-bad']],
    [bad, ['--skip-bad', '--dry-run']],
    [bad, []],
  ] satisfies [string[], string[]][]) {
    const { path } = await importFile(database, content, { args })
    expect(await readdir(dirname(path))).toEqual(['people.csv'])
  }
})

test('--rejects names the file, also where nothing is imported', async () => {
  const rejects = join(await temporaryFolder(), 'bad.csv')
  await writeFile(rejects, 'of an earlier import', { mode: 0o644 })
  const { code } = await importFile(database, [header, line('m1'), line('m2', { status: 'gone' })], {
    args: ['--rejects', rejects],
  })
  expect(code).toBe(1)
  expect(await readFile(rejects, 'utf8')).toContain('gone')
  expect(await modeOf(rejects)).toBe(0o600)
  expect(await people(database)).toEqual([])
})

test('wrong usage is told from a failure', async () => {
  const deps = {
    env: {},
    stdout: keepingStream().stream,
    stderr: keepingStream().stream,
    environment: async () => ({ DATABASE_URL: database.url }),
    databaseAddress: async () => ({ url: database.url }),
    signal: new AbortController().signal,
  }
  const usages = [
    [],
    ['a.csv', 'b.csv'],
    ['a.csv', '--dryrun'],
    ['-', '--skip-bad'],
    ['missing.csv'],
    ['a.csv', '--rejects', './a.csv'],
  ]
  for (const args of usages) await expect(importCommand.run(args, deps)).rejects.toMatchObject({ name: 'UsageError' })
})

test('a bar is drawn on a terminal only, and is gone at the end', async () => {
  const content = [header, line('m1')]
  expect((await importFile(database, content)).stderr).toBe('')
  expect((await importFile(database, content, { isTTY: true })).stderr).toContain('reading')
})

test('an interrupted import writes nothing', async () => {
  const stop = new AbortController()
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'people.csv'), [header, line('m1')].join('\n'))
  const stderr = keepingStream()
  const databaseUrl = async () => {
    stop.abort()
    return database.url
  }
  const deps = {
    env: {},
    stdout: keepingStream().stream,
    stderr: stderr.stream,
    environment: async () => ({ DATABASE_URL: await databaseUrl() }),
    databaseAddress: async () => ({ url: await databaseUrl() }),
    signal: stop.signal,
  }
  expect(await importCommand.run([join(folder, 'people.csv')], deps)).toBe(1)
  expect(stderr.text()).toBe('interrupted: nothing was written\n')
  expect(await people(database)).toEqual([])
})
