import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'

type ProcessRow = { pid: number; parent: number; state: string }

/** Those of the processes that exist and have not ended; a dead one that nobody has reaped yet counts as ended. */
export function runningOf(pids: readonly number[]): number[] {
  const running = new Set(processes().flatMap((row) => (row.state.startsWith('Z') ? [] : [row.pid])))
  return pids.filter((pid) => running.has(pid))
}

/**
 * Sends a signal to a process and all below it, the process first, so that it cannot start another one unseen.
 * Returns the ids. For SIGKILL everything is stopped before the first is killed: no survivor can react.
 */
export function signalTree(root: number, signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): number[] {
  if (signal === 'SIGKILL') signalTree(root, 'SIGSTOP')
  if (signal === 'SIGSTOP') send(root, signal)
  const pids = [root, ...descendants(root)]
  for (const pid of pids) send(pid, signal)
  return pids
}

function descendants(root: number): number[] {
  const rows = processes()
  const found: number[] = []
  const queue = [root]
  for (let parent = queue.shift(); parent !== undefined; parent = queue.shift()) {
    const children = rows.filter((row) => row.parent === parent).map((row) => row.pid)
    found.push(...children)
    queue.push(...children)
  }
  return found
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

function processes(): ProcessRow[] {
  return existsSync('/proc/self/stat') ? processesOfProc() : processesOfPs()
}

function processesOfProc(): ProcessRow[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = readStat(name)
      // The second field is the command in brackets and may itself hold spaces and brackets.
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return state && parent ? [{ pid: Number(name), parent: Number(parent), state }] : []
    })
}

/** Empty for a process that ended since the folder was listed. */
function readStat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return ''
    throw error
  }
}

function processesOfPs(): ProcessRow[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => {
      const [pid, parent, state = ''] = line.trim().split(/\s+/)
      return { pid: Number(pid), parent: Number(parent), state }
    })
}
