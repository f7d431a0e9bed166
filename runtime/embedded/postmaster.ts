import { readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { codeOf } from './fault.ts'
import { run } from './run.ts'

/** What PostgreSQL's own lock file says; `port` is missing in the first moments of a start. */
export type Postmaster = { pid: number; port: number | undefined }

/**
 * The server that runs on a data directory, or undefined. `alive` is false for a lock file that a crash has left
 * behind, `alien` for one whose number now belongs to another program.
 */
export async function readPostmaster(
  dataDir: string,
): Promise<(Postmaster & { state: 'alive' | 'dead' | 'alien' }) | undefined> {
  const lines = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').then(
    (text) => text.split('\n'),
    (error: unknown) => {
      if (codeOf(error) === 'ENOENT') return []
      throw error
    },
  )
  const pid = Math.abs(Number(lines[0] ?? 0)) // negative while in single-user mode
  if (!Number.isInteger(pid) || pid < 2) return undefined
  const port = Number(lines[3]) || undefined
  if (!processExists(pid)) return { pid, port, state: 'dead' }
  return { pid, port, state: (await servesFrom(pid, dataDir)) ? 'alive' : 'alien' }
}

/** Whether a process of this number exists, whoever's it is. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/**
 * Compares the data directory on the process's command line with ours. One that exists no more was moved while the
 * server ran: it is ours. One that exists and is another folder: our lock file is a copy of theirs.
 */
async function servesFrom(pid: number, dataDir: string): Promise<boolean> {
  const words = await commandLine(pid)
  if (words === undefined) return true
  if (!words.some((word) => /^postgres(\.exe)?$/.test(basename(word)))) return false
  const served = words[words.indexOf('-D') + 1]
  if (served === undefined || served === dataDir) return true
  const [theirs, ours] = await Promise.all([stat(served).catch(() => undefined), stat(dataDir)])
  return theirs === undefined || (theirs.dev === ours.dev && theirs.ino === ours.ino)
}

/** The words of a command line, or undefined where this system does not tell them. */
async function commandLine(pid: number): Promise<string[] | undefined> {
  if (process.platform === 'win32') return undefined
  if (process.platform === 'linux') {
    // World-readable, unlike the links beside it, which root in a container may not follow. A zombie's is empty.
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
  }
  const listed = await run({ program: 'ps', args: ['-ww', '-o', 'args=', '-p', String(pid)] })
  const [, program = '', folder = ''] = /^(.*?) -D (.*?)(?: -p \d+)?$/.exec(listed.said.trim()) ?? []
  return [program, '-D', folder]
}
