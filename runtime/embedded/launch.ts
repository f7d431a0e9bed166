import { type FileHandle, open, readFile, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Binaries } from './binaries.ts'
import { EmbeddedPostgresError } from './fault.ts'
import { readPostmaster } from './postmaster.ts'
import { type Account, lastLine, run } from './run.ts'
import { giveToOwnerOf } from './state.ts'

/** What starting and stopping need to know. */
export type Server = { dataDir: string; binaries: Binaries; account: Account | undefined }

const largestLog = 8 * 1024 * 1024 // bytes; a longer one becomes postgres.log.1 at the next start

/**
 * Starts the server and waits until it answers. pg_ctl puts it into a session of its own; the log is opened here, for
 * PostgreSQL's user need not be able to enter that folder. Returns undefined, or the last words of a failed start.
 * Aborting interrupts it, crash recovery included, and throws the signal's reason.
 */
export async function launch(
  { dataDir, binaries, account, port, logPath }: Server & { port: number; logPath: string },
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  await using log = await openLog(logPath)
  const { size } = await log.stat()
  signal?.throwIfAborted()
  const interrupt = () =>
    void run({ program: binaries.pgCtl, args: ['stop', '-D', dataDir, '-m', 'fast', '-W'], account })
  signal?.addEventListener('abort', interrupt, { once: true })
  const args = ['start', '-D', dataDir, '-w', '-t', '300', '-s', '-o', `-p ${port}`]
  const started = await run({ program: binaries.pgCtl, args, account, log: log.fd })
  signal?.removeEventListener('abort', interrupt)
  if (signal?.aborted) {
    await halt({ dataDir, binaries, account })
    signal.throwIfAborted()
  }
  if (started.ok) return undefined
  const written = (await readFile(logPath)).subarray(size).toString('utf8')
  return lastLine(written.split('\n').findLast((line) => line.includes('FATAL:')) ?? `${started.said}\n${written}`)
}

/**
 * Stops the server, rolling back what is open; after 20 s without that. Does nothing where none runs, and leaves alone
 * one that somebody else starts as soon as ours has ended. Throws `embedded/stop-failed`.
 */
export async function halt({ dataDir, binaries, account }: Server): Promise<void> {
  const ours = await readPostmaster(dataDir)
  if (ours?.state !== 'alive') return
  for (const [mode, patience] of [
    ['fast', 20_000],
    ['immediate', 10_000],
  ] as const) {
    // -W: pg_ctl's own waiting would go on for a successor's server, whose number it finds in the same file.
    await run({ program: binaries.pgCtl, args: ['stop', '-D', dataDir, '-W', '-s', '-m', mode], account })
    const deadline = Date.now() + patience
    while (Date.now() < deadline) {
      if (!(await isStillRunning(dataDir, ours.pid))) return
      await pause(20)
    }
  }
  const what = `PostgreSQL (process ${ours.pid}) did not stop`
  throw new EmbeddedPostgresError('embedded/stop-failed', what, 'look into postgres.log in the data folder')
}

async function isStillRunning(dataDir: string, pid: number): Promise<boolean> {
  const found = await readPostmaster(dataDir)
  return found?.state === 'alive' && found.pid === pid
}

async function openLog(path: string): Promise<FileHandle> {
  const found = await stat(path).catch(() => undefined)
  if (found && found.size > largestLog) await rename(path, join(dirname(path), 'postgres.log.1'))
  const log = await open(path, 'a', 0o600)
  await giveToOwnerOf(dirname(path), path)
  return log
}
