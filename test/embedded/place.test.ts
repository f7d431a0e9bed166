import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readyBinaries } from '../../runtime/embedded/binaries.ts'
import { EmbeddedPostgresError } from '../../runtime/embedded/fault.ts'
import { startEmbeddedPostgres } from '../../runtime/embedded/start.ts'
import { ask, copyOfBinaries, homeOf, nobody, ownerProcess, removeLinks, root, temporaryFolder } from './folder.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // a first start takes seconds, more on a busy machine
const quiet = () => {}
let shared: Awaited<ReturnType<typeof temporaryFolder>>
let native: string
beforeAll(async () => {
  shared = await temporaryFolder('embedded with space')
  native = await copyOfBinaries(shared.path)
})
afterAll(async () => await shared[Symbol.asyncDispose]())

test.runIf(root)(
  'for root, below a folder that nobody else may enter, data and binaries go where they can',
  async () => {
    await using folder = await temporaryFolder()
    const dataRoot = await folder.checkout('private/checkout')
    await chmod(join(folder.path, 'private'), 0o700)
    await chmod(shared.path, 0o700)
    const bases = [join(folder.path, 'private', 'base'), join(folder.path, 'base')]
    const said: string[] = []
    const first = await startEmbeddedPostgres({ dataRoot, native, bases, say: (line) => said.push(line) })
    expect(first.dataDir.startsWith(`${folder.path}/base/`)).toBe(true)
    expect((await stat(first.dataDir)).uid).not.toBe(0)
    expect((await stat(first.dataDir)).mode & 0o777).toBe(0o700)
    expect(said.filter((line) => line.includes('its data are in'))).toHaveLength(1)
    expect(await readdir(dataRoot)).toEqual(expect.arrayContaining(['embedded.json', 'instance.json', 'postgres.log']))
    await ask(first.url, 'create table kept as select 1 as one')
    await first.stop()

    await using second = await startEmbeddedPostgres({ dataRoot, native, bases, say: quiet })
    expect(second).toMatchObject({ taken: 'started', dataDir: first.dataDir })
    expect(await ask(second.url, 'select one from kept')).toEqual({ one: 1 })
    await chmod(shared.path, 0o755)
  },
)

test.runIf(root)('for root, where no folder will do, one line says why and what to do', async () => {
  await using folder = await temporaryFolder()
  const dataRoot = await folder.checkout('private/checkout')
  await chmod(join(folder.path, 'private'), 0o700)
  const start = startEmbeddedPostgres({ dataRoot, bases: [join(folder.path, 'private', 'base')], say: quiet })
  const fault = await start.catch((error: unknown) => error)
  expect(fault).toBeInstanceOf(EmbeddedPostgresError)
  expect(fault).toMatchObject({
    code: 'embedded/no-place',
    message: expect.stringMatching(/can use neither [^\n]* DATABASE_URL$/),
  })
})

test('an ordinary user starts it in a path with a space, from a read-only node_modules without links', async () => {
  await using folder = await temporaryFolder('embedded with space')
  await removeLinks(native)
  const lib = join(native, 'lib')
  await chmod(lib, 0o555)
  const dataRoot = await folder.checkout('my checkout')
  if (root) await chmod(join(folder.path, 'my checkout'), 0o777)
  await using owner = ownerProcess({ dataRoot, native, bases: [], ...(root ? nobody : {}) })
  const answer = await owner.answer()
  expect(answer).toMatchObject({ taken: 'created', dataDir: join(dataRoot, 'postgres', 'cluster', 'data') })
  const { uid } = await stat(dataRoot)
  expect(uid).toBe(root ? nobody.uid : process.getuid?.())
  expect(await ask(answer.url, 'select 1 as one')).toEqual({ one: 1 })
  expect((await readdir(await homeOf(dataRoot))).some((name) => name.startsWith('native-'))).toBe(true)
  owner.order('stop')
  expect(await owner.answer()).toEqual({ stopped: true })
  await chmod(lib, 0o755)
})

test('missing links of the libraries are made in place where that is allowed', async () => {
  await removeLinks(native)
  const binaries = await readyBinaries({ native, home: join(shared.path, 'unused'), account: undefined }, undefined)
  expect(binaries).toMatchObject({
    initdb: join(native, 'bin', 'initdb'),
    version: expect.stringMatching(/^\d+\.\d+$/),
  })
})

test.runIf(process.platform !== 'win32')('a path that a shell would change is no hindrance', async () => {
  await using folder = await temporaryFolder()
  const dataRoot = await folder.checkout('cost in $HOME "quoted"')
  const bases = [join(folder.path, 'base')]
  await using embedded = await startEmbeddedPostgres({ dataRoot, bases, say: quiet })
  expect(await ask(embedded.url, 'select 1 as one')).toEqual({ one: 1 })
})

test.runIf(process.platform !== 'win32')(
  'two first starts at once, which cannot work in the folder, end in one place',
  async () => {
    await using folder = await temporaryFolder()
    const dataRoot = await folder.checkout('cost in $HOME')
    const bases = [join(folder.path, 'base')]
    const start = () => startEmbeddedPostgres({ dataRoot, bases, say: quiet })
    const starts = await Promise.allSettled([start(), start(), start()])
    const [won, ...others] = starts.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    try {
      expect(others).toEqual([])
      expect(starts.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []))).toEqual([
        'embedded/already-running',
        'embedded/already-running',
      ])
      expect(await readdir(join(folder.path, 'base'))).toHaveLength(1)
    } finally {
      await won?.stop()
      for (const other of others) await other.stop()
    }
  },
)

test('binaries that do not run on this system are a fault of one line that names DATABASE_URL', async () => {
  await using folder = await temporaryFolder()
  const program = join(native, 'bin', 'initdb')
  const original = await readFile(program)
  await writeFile(program, '#!/lib/ld-of-another-system\n') // as a glibc binary is on musl
  const start = startEmbeddedPostgres({ dataRoot: await folder.checkout(), native, say: quiet })
  await expect(start).rejects.toMatchObject({
    code: 'embedded/no-binaries',
    message: expect.stringMatching(/^[^\n]*DATABASE_URL[^\n]*$/),
  })
  await writeFile(program, original)
})
