import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { packageRoot } from '../../runtime/package-root.ts'
import { waitFor } from '../support/wait.ts'

const program = join(packageRoot(), 'bin', 'mentor-expiry')

export type Program = {
  readonly pid: number
  readonly stdout: string
  readonly stderr: string
  /** Resolves with the exit code, or the signal's name, when the process has ended. */
  readonly ended: Promise<number | string>
  /** Resolves when standard output holds the text. */
  says(text: string): Promise<void>
  /** Resolves when standard error does. */
  logs(text: string): Promise<void>
}

/** `mentor-expiry <args>` in a process group of its own, as from a terminal in that folder. */
export function start(folder: string, args: string[], env: Record<string, string> = {}): Program {
  return startProgram(program, folder, args, env)
}

/** Another program in the same way. */
export function startProgram(path: string, folder: string, args: string[], env: Record<string, string> = {}): Program {
  const child = spawn(path, args, {
    cwd: folder,
    detached: true,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  if (child.pid === undefined) throw new Error('the program did not start')
  return {
    pid: child.pid,
    get stdout() {
      return stdout
    },
    get stderr() {
      return stderr
    },
    ended: once(child, 'close').then(([code, signal]): number | string => code ?? signal),
    async says(text) {
      await waitFor(`the program to say ${text}`, () => stdout.includes(text), { deadlineMs: 60_000 })
    },
    async logs(text) {
      await waitFor(`the program to log ${text}`, () => stderr.includes(text), { deadlineMs: 60_000 })
    },
  }
}

type Ending = { code: number | string; stdout: string; stderr: string }

/** Runs it to its end. */
export function run(folder: string, args: string[], env: Record<string, string> = {}): Promise<Ending> {
  return runProgram(program, folder, args, env)
}

/** Runs another executable file to its end in the same way. */
export async function runProgram(
  path: string,
  folder: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<Ending> {
  const running = startProgram(path, folder, args, env)
  const code = await running.ended
  return { code, stdout: running.stdout, stderr: running.stderr }
}

/** The messages in the folder's outbox, by name. */
export async function outbox(folder: string): Promise<string[]> {
  return (await readdir(join(folder, '.data', 'outbox'))).filter((name) => name.endsWith('.eml')).sort()
}
