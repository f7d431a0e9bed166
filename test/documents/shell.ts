import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { signalTree } from '../support/process-tree.ts'
import { waitFor } from '../support/wait.ts'

export type Ending = { code: number | null; stdout: string; stderr: string }

/** A reader's terminals: one folder, one environment that `export` adds to, programs that go on in the background. */
export type Shell = AsyncDisposable & {
  readonly folder: string
  readonly env: Record<string, string>
  /** Runs a command to its end. @throws Error when it takes more than a minute. */
  run(text: string): Promise<Ending>
  /** Starts a command that goes on; `stop` and disposal end it. */
  start(text: string): void
  /** Resolves when a command that goes on has said this, on either stream. @throws Error when it has ended before. */
  says(text: string, what: string): Promise<void>
  /** Ctrl-C to a command that goes on; how it ended. */
  stop(text: string): Promise<Ending>
}

const minute = 60_000

/** Opens a shell in a folder. */
export function openShell(folder: string): Shell {
  const env: Record<string, string> = { npm_config_update_notifier: 'false', ...own('PATH'), HOME: folder }
  const running = new Map<string, ReturnType<typeof launch>>()
  const found = (text: string) => {
    const program = running.get(text)
    if (program === undefined) throw new Error(`nobody has started ${text}`)
    return program
  }
  const stop = async (text: string) => {
    const program = found(text)
    if (program.isRunning()) process.kill(-program.pid, 'SIGINT')
    const ending = await waitFor(`${text} to end`, () => program.ended, { deadlineMs: minute })
    running.delete(text)
    return ending
  }
  return {
    folder,
    env,
    run: async (text) => {
      const isExport = text.startsWith('export ')
      const program = launch(isExport ? `${text}; env -0` : text, folder, env)
      try {
        const ending = await waitFor(`${text} to end`, () => program.ended, { deadlineMs: minute })
        if (isExport) Object.assign(env, exportedBy(ending.stdout))
        return ending
      } catch (error) {
        signalTree(program.pid, 'SIGKILL')
        throw error
      }
    },
    start: (text) => {
      running.set(text, launch(text, folder, env))
    },
    says: async (text, what) => {
      const program = found(text)
      const said = () => program.output().includes(what)
      await waitFor(`${text} to say ${what}`, () => said() || !program.isRunning(), { deadlineMs: minute })
      if (!said()) throw new Error(`${text} has ended without saying ${what}: ${program.output()}`)
    },
    stop,
    [Symbol.asyncDispose]: async () => {
      for (const text of [...running.keys()].reverse()) await stop(text)
    },
  }
}

const own = (name: string) => (process.env[name] === undefined ? {} : { [name]: process.env[name] })

function exportedBy(environment: string): Record<string, string> {
  const ours = environment.split('\0').map((entry) => /^([A-Z][A-Z_]*_[A-Z_]+)=(.*)$/s.exec(entry))
  return Object.fromEntries(ours.flatMap((match) => (match?.[1] ? [[match[1], match[2] ?? '']] : [])))
}

function launch(text: string, folder: string, env: Record<string, string>) {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', text], {
    cwd: folder,
    env,
    detached: true, // a process group of its own, as a terminal gives it
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (child.pid === undefined) throw new Error(`${text} did not start`)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    stdout += piece
  })
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece
  })
  return {
    pid: child.pid,
    output: () => `${stdout}${stderr}`,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    ended: once(child, 'close').then(([code]): Ending => ({ code, stdout, stderr })),
  }
}
