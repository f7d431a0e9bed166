import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { Client, Pool } from 'pg'
import { migrateQueue } from '../cli/migrate/queue.ts'
import { applySchema } from '../db/apply.ts'
import { startEmbeddedPostgres } from '../runtime/embedded/start.ts'

type Database = AsyncDisposable & { url: string; pool: Pool }

export type BenchServers = AsyncDisposable & {
  postgresVersion: string
  redisUrl: string | undefined
  /** Private, empty, and gone in the end. */
  folder: string
  /** A new database of this version, and one connection to it; disposal drops it. */
  database(): Promise<Database>
}

/** A throwaway PostgreSQL (the embedded one, durable as in production) and, where it is installed, a Redis. */
export async function startServers(say: (line: string) => void): Promise<BenchServers> {
  const folder = await mkdtemp(join(tmpdir(), 'mentor-expiry-bench-'))
  const undo = [() => rm(folder, { recursive: true, force: true })]
  const undoAll = async () => {
    for (let step = undo.pop(); step; step = undo.pop()) await step()
  }
  let disposed: Promise<void> | undefined
  const dispose = () => {
    disposed ??= undoAll()
    return disposed
  }
  try {
    await chmod(folder, 0o711) // as root, PostgreSQL runs as another user
    const postgres = await startEmbeddedPostgres({ dataRoot: join(folder, 'data'), say })
    undo.push(() => postgres.stop())
    const redis = await startRedis(folder)
    if (redis) undo.push(redis.stop)
    else say('redis-server is not installed: what needs it is left out')
    const database = await openDatabases(postgres.url)
    const { version: postgresVersion } = postgres
    return { postgresVersion, redisUrl: redis?.url, folder, database, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** Makes databases of this version on the server at `url`. */
async function openDatabases(url: string): Promise<BenchServers['database']> {
  const template = 'bench_template'
  const urlOf = (name: string) => {
    const changed = new URL(url)
    changed.pathname = `/${name}`
    return changed.href
  }
  const command = async (text: string) => {
    const client = new Client({ connectionString: url })
    await client.connect()
    await client.query(text).finally(() => client.end())
  }
  await command(`create database ${template}`)
  await applySchema({ connectionString: urlOf(template) })
  await migrateQueue({ url: urlOf(template) })
  let made = 0
  return async () => {
    made += 1
    const name = `bench_${made}`
    await command(`create database ${name} template ${template}`)
    const pool = new Pool({ connectionString: urlOf(name), max: 1 })
    pool.on('error', () => undefined) // the server may be stopped under it
    return {
      url: urlOf(name),
      pool,
      async [Symbol.asyncDispose]() {
        await pool.end()
        await command(`drop database ${name} with (force)`)
      },
    }
  }
}

async function startRedis(folder: string): Promise<{ url: string; stop(): Promise<void> } | undefined> {
  const port = await freePort()
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder], {
    stdio: 'ignore',
  })
  const failed = await Promise.race([once(child, 'error').then(() => true), once(child, 'spawn').then(() => false)])
  if (failed) return undefined
  const url = `redis://127.0.0.1:${port}`
  const probe = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 50 })
  probe.on('error', () => undefined) // refused until the server listens; ping waits for that
  await probe.ping()
  probe.disconnect()
  return {
    url,
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
