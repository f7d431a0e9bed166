import { spawn } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { chooseAccount } from '../../runtime/embedded/account.ts'
import { findRunningInstance } from '../../runtime/embedded/find.ts'
import { processExists, readPostmaster } from '../../runtime/embedded/postmaster.ts'
import { startEmbeddedPostgres } from '../../runtime/embedded/start.ts'
import { ask, copyOfSeed, ownerProcess, seededDataRoot, temporaryFolder, until } from './folder.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // a first start takes seconds, more on a busy machine
const quiet = () => {}
let shared: Awaited<ReturnType<typeof temporaryFolder>>
let seed: string
beforeAll(async () => {
  shared = await temporaryFolder()
  seed = await seededDataRoot(shared)
})
afterAll(async () => await shared[Symbol.asyncDispose]())

test('one process owns an instance; when it is killed, the next start takes up the server with its data', async () => {
  await using folder = await temporaryFolder()
  const dataRoot = await copyOfSeed(seed, folder)
  await using owner = ownerProcess({ dataRoot })
  const { url } = await owner.answer()
  await ask(url, 'create table kept as select 1 as one')
  await expect(startEmbeddedPostgres({ dataRoot, say: quiet })).rejects.toMatchObject({
    code: 'embedded/already-running',
    message: expect.stringContaining(`process ${owner.pid}`),
  })

  await owner.kill()
  expect(await findRunningInstance(dataRoot)).toEqual({ url })
  const before = await readPostmaster(join(dataRoot, 'postgres', 'cluster', 'data'))
  const embedded = await startEmbeddedPostgres({ dataRoot, say: quiet })
  expect(embedded).toMatchObject({ taken: 'found-running', url })
  expect(await ask(url, 'select one from kept')).toEqual({ one: 1 })
  expect((await readPostmaster(embedded.dataDir))?.pid).toBe(before?.pid)
  await embedded.stop()
  expect(await readPostmaster(embedded.dataDir)).toBeUndefined()
})

test('a Ctrl-C, which reaches the whole process group, leaves the server to its owner to stop', async () => {
  await using folder = await temporaryFolder()
  await using owner = ownerProcess({ dataRoot: await copyOfSeed(seed, folder) })
  const { url, dataDir = '' } = await owner.answer()
  const started = await ask(url, 'select pg_postmaster_start_time()::text as at')
  process.kill(-owner.pid, 'SIGINT')
  expect(await owner.answer()).toEqual({ interrupted: true })
  expect(await ask(url, 'select pg_postmaster_start_time()::text as at')).toEqual(started)
  owner.order('stop')
  expect(await owner.answer()).toEqual({ stopped: true })
  expect(await readPostmaster(dataDir)).toBeUndefined()
})

test('a first start killed half-way leaves nothing that the next one trips over', async () => {
  await using folder = await temporaryFolder()
  const dataRoot = await folder.checkout()
  const cluster = join(dataRoot, 'postgres', 'cluster')
  await using owner = ownerProcess({ dataRoot })
  const half = async () =>
    (await readdir(cluster, { recursive: true }).catch(() => [])).some((at) => at.endsWith('PG_VERSION'))
  await until(half)
  await owner.kill()
  expect(await readdir(cluster)).not.toContain('data')

  await using embedded = await startEmbeddedPostgres({ dataRoot, say: quiet })
  expect(embedded.taken).toBe('created')
  expect(await ask(embedded.url, 'select 1 as one')).toEqual({ one: 1 })
  expect(await readdir(cluster)).toEqual(['data'])
})

test('a crash of the server is no change of its owner', async () => {
  await using folder = await temporaryFolder()
  const dataRoot = await copyOfSeed(seed, folder)
  await using embedded = await startEmbeddedPostgres({ dataRoot, say: quiet })
  const sql = `select pid from pg_stat_activity where backend_type = 'checkpointer'`
  process.kill(Number((await ask(embedded.url, sql)).pid), 'SIGKILL') // makes the server drop every connection
  const lock = `select count(*)::int as n from pg_locks where locktype = 'advisory'`
  await until(async () => {
    const locks = await ask(embedded.url, lock).catch(() => undefined)
    return locks?.n === 1
  })
  await expect(startEmbeddedPostgres({ dataRoot, say: quiet })).rejects.toMatchObject({
    code: 'embedded/already-running',
  })
})

test('a start while the server is being stopped waits for its end and starts it again, and nobody stops that one', async () => {
  await using folder = await temporaryFolder()
  const dataRoot = await copyOfSeed(seed, folder)
  let embedded = await startEmbeddedPostgres({ dataRoot, say: quiet })
  // Once is luck: the successor's server must come up while its predecessor is still looking.
  for (let round = 0; round < 10; round++) {
    const stopping = embedded.stop()
    embedded = await startEmbeddedPostgres({ dataRoot, say: quiet })
    await stopping
    expect(embedded.taken).toBe('started')
    expect(await ask(embedded.url, 'select 1 as one')).toEqual({ one: 1 })
    expect(await findRunningInstance(dataRoot)).toEqual({ url: embedded.url })
  }
  await embedded.stop()
})

test('the lock file of a killed server does not stop the next start, even when another program has its number', async () => {
  await using folder = await temporaryFolder()
  const dataRoot = await copyOfSeed(seed, folder)
  const embedded = await startEmbeddedPostgres({ dataRoot, say: quiet })
  await ask(embedded.url, 'create table kept as select 1 as one')
  const lockFile = join(embedded.dataDir, 'postmaster.pid')
  const { pid = 0 } = (await readPostmaster(embedded.dataDir)) ?? {}
  process.kill(pid, 'SIGKILL')
  await until(() => !processExists(pid))
  await embedded.stop()
  expect(await findRunningInstance(dataRoot)).toBeUndefined()

  // PostgreSQL itself gives way to a number only if it is of the same user: the case that it cannot tell apart.
  const account = await chooseAccount({ dataRoot, cluster: embedded.dataDir, sudoUid: undefined }, undefined)
  const stranger = spawn('sleep', ['60'], account ? { uid: account.uid, gid: account.gid } : {})
  try {
    await writeFile(lockFile, (await readFile(lockFile, 'utf8')).replace(String(pid), String(stranger.pid)))
    await using again = await startEmbeddedPostgres({ dataRoot, say: quiet })
    expect(again.taken).toBe('started')
    expect(await ask(again.url, 'select one from kept')).toEqual({ one: 1 })
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull()
  } finally {
    stranger.kill('SIGKILL')
  }
})
