import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { z } from 'zod'
import { findNativeFolder } from '../../runtime/embedded/binaries.ts'
import { processExists, readPostmaster } from '../../runtime/embedded/postmaster.ts'
import { startEmbeddedPostgres } from '../../runtime/embedded/start.ts'

export const root = process.getuid?.() === 0
/** The traditional number of `nobody` on Linux. */
export const nobody = { uid: 65534, gid: 65534 }

/** A folder that every user may enter, removed at the end together with servers that were left running below it. */
export async function temporaryFolder(name = 'embedded') {
  const path = await realpath(await mkdtemp(join(tmpdir(), `${name}-`)))
  await chmod(path, 0o755)
  const dataRoots: string[] = []
  return {
    path,
    /** A checkout in this folder: its data folder. */
    async checkout(at = 'checkout') {
      const dataRoot = join(path, at, '.data')
      await mkdir(join(path, at), { recursive: true })
      dataRoots.push(dataRoot)
      return dataRoot
    },
    async [Symbol.asyncDispose]() {
      for (const dataRoot of dataRoots) await killLeftServer(dataRoot)
      await rm(path, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function killLeftServer(dataRoot: string) {
  const home = await homeOf(dataRoot)
  const left = await readPostmaster(join(home, 'cluster', 'data'))
  if (left?.state !== 'alive') return
  process.kill(left.pid, 'SIGQUIT')
  await until(() => !processExists(left.pid))
}

/** Where the database of a data folder lies. */
export async function homeOf(dataRoot: string): Promise<string> {
  const text = await readFile(join(dataRoot, 'embedded.json'), 'utf8').catch(() => '')
  const [, elsewhere] = /"path": "([^"]*)"/.exec(text) ?? []
  return elsewhere ?? join(dataRoot, 'postgres')
}

/** A copy of the binaries. */
export async function copyOfBinaries(to: string): Promise<string> {
  const native = join(to, 'package', 'native')
  const filter = (path: string) => !/\.a$|include$/.test(path)
  await cp(findNativeFolder(), native, { recursive: true, verbatimSymlinks: true, filter })
  return native
}

/** Leaves the libraries as npm does where it runs no install scripts: without their links. */
export async function removeLinks(native: string): Promise<void> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8')
  const links = z.array(z.object({ target: z.string() })).parse(JSON.parse(text))
  for (const { target } of links) await rm(join(native, '..', target), { force: true })
}

/** A data folder with an empty database that was stopped cleanly; copying it is faster than making another. */
export async function seededDataRoot(folder: { checkout(at: string): Promise<string> }): Promise<string> {
  const dataRoot = await folder.checkout('seed')
  const seed = await startEmbeddedPostgres({ dataRoot, say: () => {} })
  await seed.stop()
  return dataRoot
}

/** A checkout of its own with a copy of the seed's data. */
export async function copyOfSeed(seed: string, folder: { checkout(at?: string): Promise<string> }, at?: string) {
  const dataRoot = await folder.checkout(at)
  await promisify(execFile)('cp', ['-a', seed, dataRoot]) // keeps the owners, which fs.cp does not
  return dataRoot
}

const Answer = z.object({
  url: z.string().optional(),
  port: z.number().optional(),
  dataDir: z.string().optional(),
  taken: z.string().optional(),
  said: z.array(z.string()).optional(),
  code: z.string().optional(),
  message: z.string().optional(),
  interrupted: z.boolean().optional(),
  stopped: z.boolean().optional(),
})

/** Starts an owner in a process, and a process group, of its own. */
export function ownerProcess(options: z.input<z.ZodRecord<z.ZodString, z.ZodUnknown>>) {
  const script = fileURLToPath(new URL('owner-process.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script, JSON.stringify(options)], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const { pid } = child
  if (pid === undefined) throw new Error('the owner process did not start')
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaint += chunk
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ended = once(child, 'exit')
  return {
    pid,
    ended,
    order: (order: string) => child.stdin.write(`${order}\n`),
    async answer() {
      const { value, done } = await lines.next()
      if (done) throw new Error(`the owner process ended without an answer: ${complaint}`)
      return Answer.parse(JSON.parse(value))
    },
    async kill() {
      if (child.exitCode === null && child.signalCode === null) process.kill(pid, 'SIGKILL')
      await ended
    },
    async [Symbol.asyncDispose]() {
      await this.kill()
    },
  }
}

/** The first row of a query over a connection of its own. */
export async function ask(url: string | undefined, sql: string): Promise<Record<string, unknown>> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql)
    return rows[0] ?? {}
  } finally {
    await client.end()
  }
}

/** Waits until a condition holds; gives up after ten seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition did not come true within ten seconds')
    await pause(10)
  }
}
