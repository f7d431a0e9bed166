import { once } from 'node:events'
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { EmbeddedPostgresError } from '../../runtime/embedded/fault.ts'
import { findRunningInstance } from '../../runtime/embedded/find.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../runtime/embedded/start.ts'
import { ask, copyOfSeed, temporaryFolder } from './folder.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // a first start takes seconds, more on a busy machine
const quiet = () => {}

let shared: Awaited<ReturnType<typeof temporaryFolder>>
let seed: string
let first: EmbeddedPostgres
beforeAll(async () => {
  shared = await temporaryFolder()
  seed = await shared.checkout('seed')
  first = await startEmbeddedPostgres({ dataRoot: seed, say: quiet })
  await ask(first.url, 'create table kept as select 1 as one')
  await first.stop()
  await first.stop()
})
afterAll(async () => await shared[Symbol.asyncDispose]())

test('a first start creates a database, a second one finds its data again on the same port', async () => {
  expect(first.taken).toBe('created')
  expect(first.url).toMatch(/^postgres:\/\/postgres:[^@]{20,}@127\.0\.0\.1:\d+\/mentor_expiry$/)
  await expect(ask(first.url, 'select')).rejects.toThrow('ECONNREFUSED')
  await using second = await startEmbeddedPostgres({ dataRoot: seed, say: quiet })
  expect(second).toMatchObject({ taken: 'started', port: first.port, version: first.version, dataDir: first.dataDir })
  expect(await ask(second.url, 'select one from kept')).toEqual({ one: 1 })
})

describe('a running instance', () => {
  let embedded: EmbeddedPostgres
  let dataRoot: string
  beforeAll(async () => {
    dataRoot = await copyOfSeed(seed, shared, 'running')
    expect(await findRunningInstance(dataRoot)).toBeUndefined()
    embedded = await startEmbeddedPostgres({ dataRoot, say: quiet })
  })
  afterAll(async () => {
    await embedded.stop()
    expect(await findRunningInstance(dataRoot)).toBeUndefined()
  })

  test('is UTF-8, in UTC, durable, and logs no details of an error', async () => {
    const names = ['server_encoding', 'timezone', 'fsync', 'shared_buffers', 'max_connections', 'log_error_verbosity']
    const values = names.map((name) => `current_setting('${name}') as ${name}`).join(', ')
    expect(Object.values(await ask(embedded.url, `select ${values}`))).toEqual([
      'UTF8',
      'UTC',
      'on',
      '64MB',
      '100',
      'terse',
    ])
    expect(await ask(embedded.url, "select lower('ÆØÅ') as lower")).toEqual({ lower: 'æøå' })
  })

  test('lets in only who can read the files of its user, and only over loopback', async () => {
    const wrong = new URL(embedded.url)
    wrong.password = 'guessed'
    await expect(ask(wrong.href, 'select')).rejects.toMatchObject({ code: '28P01' })
    const rules = await ask(embedded.url, 'select count(*)::int as n, min(auth_method) as how from pg_hba_file_rules')
    expect(rules).toEqual({ n: 1, how: 'scram-sha-256' })
    const sql = `select current_setting('listen_addresses') as tcp, current_setting('unix_socket_directories') as unix`
    expect(await ask(embedded.url, sql)).toEqual({ tcp: '127.0.0.1', unix: '' })
    for (const name of ['embedded.json', 'instance.json', 'postgres.log']) {
      expect([name, (await stat(join(dataRoot, name))).mode & 0o777]).toEqual([name, 0o600])
    }
    expect((await stat(embedded.dataDir)).mode & 0o777).toBe(0o700)
  })

  test('is found by other commands, though not through a copy of its folder', async () => {
    expect(await findRunningInstance(dataRoot)).toEqual({ url: embedded.url })
    const copy = await shared.checkout('copy')
    await mkdir(copy)
    for (const name of ['embedded.json', 'instance.json']) await copyFile(join(dataRoot, name), join(copy, name))
    expect(await findRunningInstance(copy)).toBeUndefined()
  })
})

test('two folders run side by side, and a port that is taken later is replaced and the new one remembered', async () => {
  await using folder = await temporaryFolder()
  const [one, two] = [await copyOfSeed(seed, folder, 'one'), await copyOfSeed(seed, folder, 'two')]
  const early = await startEmbeddedPostgres({ dataRoot: one, say: quiet })
  const said: string[] = []
  await using other = await startEmbeddedPostgres({ dataRoot: two, port: early.port, say: (line) => said.push(line) })
  expect(other.port).not.toBe(early.port)
  expect(said.at(-1)).toBe(`port ${early.port} is taken; PostgreSQL listens on ${other.port}`)
  expect((await findRunningInstance(one))?.url).toBe(early.url)
  expect((await findRunningInstance(two))?.url).toBe(other.url)
  await early.stop()

  const squatter = createServer().listen(early.port, '127.0.0.1')
  await once(squatter, 'listening')
  const moved = await startEmbeddedPostgres({ dataRoot: one, say: quiet })
  expect(moved).toMatchObject({ taken: 'started' })
  expect(moved.port).not.toBe(early.port)
  await moved.stop()
  squatter.close()
  await using again = await startEmbeddedPostgres({ dataRoot: one, say: quiet })
  expect(again.port).toBe(moved.port)
})

test('of two starts at once in one empty folder one owns the instance and the other is told so', async () => {
  await using folder = await temporaryFolder()
  const dataRoot = await folder.checkout()
  const starts = [0, 1].map(() => startEmbeddedPostgres({ dataRoot, say: quiet }))
  const [winner, ...more] = (await Promise.allSettled(starts)).flatMap((start) =>
    start.status === 'fulfilled' ? [start.value] : [],
  )
  expect(more).toEqual([])
  const refusals = await Promise.all(
    starts.map((start) =>
      start.then(
        () => undefined,
        (error: unknown) => error,
      ),
    ),
  )
  for (const refusal of refusals.filter((error) => error !== undefined)) {
    expect(refusal).toBeInstanceOf(EmbeddedPostgresError)
    expect(refusal).toMatchObject({ code: 'embedded/already-running', message: expect.not.stringContaining('\n') })
  }
  expect(await ask(winner?.url, 'select 1 as one')).toEqual({ one: 1 })
  await winner?.stop()
})

test('an aborted first start leaves neither a server nor a half-made database', async () => {
  await using folder = await temporaryFolder()
  const dataRoot = await folder.checkout()
  const stop = new AbortController()
  const start = startEmbeddedPostgres({ dataRoot, say: () => setTimeout(() => stop.abort(), 300) }, stop.signal)
  await expect(start).rejects.toMatchObject({ name: 'AbortError' })
  expect(await readdir(join(dataRoot, 'postgres', 'cluster'))).toEqual([])
  await using embedded = await startEmbeddedPostgres({ dataRoot, say: quiet })
  expect(embedded.taken).toBe('created')
})

test('data of another major version, and a state that was tampered with, are refused in one line', async () => {
  await using folder = await temporaryFolder()
  const dataRoot = await copyOfSeed(seed, folder)
  const dataDir = join(dataRoot, 'postgres', 'cluster', 'data')
  const version = await readFile(join(dataDir, 'PG_VERSION'), 'utf8')
  await writeFile(join(dataDir, 'PG_VERSION'), '17\n')
  await expect(startEmbeddedPostgres({ dataRoot, say: quiet })).rejects.toMatchObject({
    code: 'embedded/other-version',
    message: expect.stringMatching(/^[^\n]*PostgreSQL 17[^\n]*$/),
  })
  await writeFile(join(dataDir, 'PG_VERSION'), version)
  await writeFile(join(dataRoot, 'embedded.json'), '{"format":1')
  await expect(startEmbeddedPostgres({ dataRoot, say: quiet })).rejects.toMatchObject({
    code: 'embedded/damaged-state',
    message: expect.stringMatching(/^[^\n]*move [^\n]* away[^\n]*$/),
  })
})
