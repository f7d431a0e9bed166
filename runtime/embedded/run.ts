import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { codeOf } from './fault.ts'

/** An existing user of this machine that a child process runs as; only root can choose one. */
export type Account = { name: string; uid: number; gid: number }

export type Command = {
  program: string
  args: readonly string[]
  account?: Account | undefined
  /** Written to the child's standard input, which is then closed. */
  input?: string
  /** A file descriptor that takes both outputs. Needed where a grandchild inherits them and lives on. */
  log?: number
}

/** `said` holds what the child wrote (the last 8 kB); `fault` the code of a spawn that failed, such as `EACCES`. */
export type Finished = { ok: boolean; said: string; fault?: string }

const unixEnvironment = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' }

/**
 * Runs a program to its end, in a process group of its own, with an environment of its own: neither a terminal's Ctrl-C
 * nor a PG* variable or a library path of ours reaches PostgreSQL. Throws only the signal's reason, after the whole
 * group has been killed.
 */
export async function run(
  { program, args, account, input, log }: Command,
  signal?: AbortSignal | undefined,
): Promise<Finished> {
  signal?.throwIfAborted()
  const windows = process.platform === 'win32'
  const output = log ?? 'pipe'
  const child = spawn(program, args, {
    detached: true,
    windowsHide: true,
    stdio: [input === undefined ? 'ignore' : 'pipe', output, output],
    ...(windows ? {} : { env: unixEnvironment, cwd: '/' }),
    ...(account ? { uid: account.uid, gid: account.gid } : {}),
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      said = (said + chunk).slice(-8192)
    })
  }
  // A child that ends without reading its input is told by its exit code; the broken pipe adds nothing.
  child.stdin?.on('error', () => {})
  child.stdin?.end(input)
  const killGroup = () => {
    if (child.pid === undefined || child.exitCode !== null) return
    try {
      if (windows) child.kill('SIGKILL')
      else process.kill(-child.pid, 'SIGKILL')
    } catch (error) {
      if (codeOf(error) !== 'ESRCH') throw error // ended in the meantime
    }
  }
  signal?.addEventListener('abort', killGroup, { once: true })
  try {
    const [code] = await once(child, 'close')
    signal?.throwIfAborted()
    return { ok: code === 0, said }
  } catch (error) {
    signal?.throwIfAborted()
    const fault = codeOf(error) ?? 'unknown'
    return { ok: false, said: `${program} could not be executed (${fault})`, fault }
  } finally {
    signal?.removeEventListener('abort', killGroup)
  }
}

/** The last line of an output that says anything, for a one-line error. */
export function lastLine(said: string): string {
  return said.trim().split('\n').at(-1)?.trim() || 'it said nothing'
}
