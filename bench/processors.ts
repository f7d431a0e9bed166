import { accessSync, constants, existsSync } from 'node:fs'
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { Redis } from 'ioredis'
import { Client } from 'pg'
import { pause } from '../runtime/pause.ts'
import type { Urls } from './services.ts'

/** What a process gets of one of this machine's processors: four such fit on two, and leave the system a little. */
const share = 0.4

/** Microseconds; as often as that a process's share is measured out. */
const period = 10_000

/** Linux's groups of processes that share the processor's time, of the first version: those of the second were not tried. */
const root = '/sys/fs/cgroup/cpu'
const home = /^\d+:(?:[^:]*,)?cpu(?:,[^:]*)?:(.*)$/m
const limits = { 'cpu.cfs_period_us': String(period), 'cpu.cfs_quota_us': String(share * period) }

export const canEmulateProcessors = isWritable(root)

/**
 * Gives this process, Redis and each process of PostgreSQL a processor of its own, slower than a real one, for as long as it
 * is not disposed of: what a machine with more processors than this one would show. Each thread of this process shares its
 * one. Rejects where `canEmulateProcessors` is false.
 */
export async function emulateProcessors({ postgresUrl, queueUrl }: Urls): Promise<AsyncDisposable> {
  const moved = new Map<number, { from: string; group: string }>()
  const client = new Client({ connectionString: postgresUrl })
  await client.connect()

  async function move(pid: number): Promise<void> {
    if (moved.has(pid)) return
    const group = join(root, `mentor-expiry-bench-${process.pid}-${pid}`)
    try {
      const from = home.exec(await readFile(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '/'
      await mkdir(group)
      moved.set(pid, { from, group })
      for (const [file, limit] of Object.entries(limits)) await writeFile(join(group, file), limit)
      await writeFile(join(group, 'cgroup.procs'), String(pid))
    } catch (error) {
      if (existsSync(`/proc/${pid}`)) throw error // else it has ended meanwhile
    }
  }

  const moveAll = async () => {
    const { rows } = await client.query<{ pid: number }>('select pid from pg_catalog.pg_stat_activity')
    for (const { pid } of rows) await move(pid)
  }
  const disposed = new AbortController()
  const watch = async () => {
    while (!disposed.signal.aborted) {
      await moveAll()
      await pause(50, disposed.signal)
    }
  }
  await move(process.pid)
  await move(await redisProcess(queueUrl))
  await moveAll()
  const watching = watch()
  watching.catch(() => undefined) // told at the disposal
  return {
    async [Symbol.asyncDispose]() {
      disposed.abort()
      try {
        await watching
      } finally {
        await client.end()
        for (const [pid, { from, group }] of moved) {
          await writeFile(join(root, from, 'cgroup.procs'), String(pid)).catch(() => undefined) // it may have ended
          await rmdir(group)
        }
      }
    },
  }
}

async function redisProcess(url: string): Promise<number> {
  const redis = new Redis(url)
  try {
    const [, pid] = /^process_id:(\d+)/m.exec(await redis.info('server')) ?? []
    if (pid === undefined) throw new Error('Redis does not tell its process')
    return Number(pid)
  } finally {
    redis.disconnect()
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}
