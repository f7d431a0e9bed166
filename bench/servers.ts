import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { Client } from 'pg'
import { migrateQueue } from '../cli/migrate/queue.ts'
import { applySchema } from '../db/apply.ts'
import { startEmbeddedPostgres } from '../runtime/embedded/start.ts'

/** Creates a database beside the one at `url`, brings it to this version, and returns its URL. */
export async function freshDatabase(url: string, name: string): Promise<string> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(`create database ${name}`)
  await client.end()
  const created = new URL(url)
  created.pathname = `/${name}`
  await applySchema({ connectionString: created.href })
  await migrateQueue(created.href)
  return created.href
}

export type BenchServers = AsyncDisposable & {
  postgresUrl: string
  postgresVersion: string
  redisUrl: string | undefined
}

/** A throwaway PostgreSQL (the embedded one, durable as in production) and, where it is installed, a Redis. */
export async function startServers(say: (line: string) => void): Promise<BenchServers> {
  const folder = await mkdtemp(join(tmpdir(), 'mentor-expiry-bench-'))
  await chmod(folder, 0o711) // as root, PostgreSQL runs as another user
  const postgres = await startEmbeddedPostgres({ dataRoot: join(folder, 'data'), say })
  const redis = await startRedis(folder)
  if (!redis) say('redis-server is not installed: what needs it is left out')
  return {
    postgresUrl: postgres.url,
    postgresVersion: postgres.version,
    redisUrl: redis?.url,
    async [Symbol.asyncDispose]() {
      await redis?.stop()
      await postgres.stop()
      await rm(folder, { recursive: true, force: true })
    },
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
